#include <cstdlib>

#include "support/pytorch_parity.h"

namespace fer {

// In float32 two processors drift apart, so PyTorch has to run on this one: parity.sh does both.
TEST(PyTorchParity, TwentyAdamStepsInFloat) {
  const char* folder = std::getenv("FER_PARITY_FOLDER");
  ASSERT_NE(folder, nullptr) << "run tests/bench/parity.sh";
  expect_twenty_steps_like(std::string(folder) + "/s0_adam_steps_float32.safetensors", torch::kFloat32, 1e-5, 1e-4);
}

}  // namespace fer
