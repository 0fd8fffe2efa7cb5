#include "optim/clip.h"

#include <torch/torch.h>

namespace fer {

std::vector<torch::Tensor> clipped(const std::vector<torch::Tensor>& gradients, double most) {
  constexpr double kEpsilon = 1e-6;  // PyTorch's
  const torch::NoGradGuard no_grad;
  const auto norm = torch::stack(at::_foreach_norm(gradients)).norm();
  return at::_foreach_mul(gradients, (most / (norm + kEpsilon)).clamp_max(1));
}

}  // namespace fer
