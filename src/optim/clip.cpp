#include "optim/clip.h"

#include <torch/torch.h>

namespace fer {

void clip_norm(std::vector<torch::Tensor>& gradients, double most) {
  constexpr double kEpsilon = 1e-6;  // PyTorch's
  const torch::NoGradGuard no_grad;
  const auto norm = torch::stack(at::_foreach_norm(gradients)).norm();
  at::_foreach_mul_(gradients, (most / (norm + kEpsilon)).clamp_max(1));
}

}  // namespace fer
