#pragma once

#include <torch/types.h>

#include <vector>

namespace fer {

/// Gradients scaled down so that their common L2 norm is at most `most` (Pascanu et al., arXiv 1211.5063; as
/// torch.nn.utils.clip_grad_norm_, but in memory of their own). Gradients that are the same on all ranks stay so.
std::vector<torch::Tensor> clipped(const std::vector<torch::Tensor>& gradients, double most);

}  // namespace fer
