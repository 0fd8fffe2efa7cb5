#include "support/pytorch_parity.h"

namespace fer {

// In float64 every processor can compare with the file of tests/golden.
TEST(PyTorchParity, TwentyAdamStepsInDouble) {
  expect_twenty_steps_like(FER_GOLDEN_FOLDER "/s0_adam_steps_float64.safetensors", torch::kFloat64, 1e-9, 1e-8);
}

}  // namespace fer
