#pragma once

#include <torch/types.h>

#include <vector>

namespace fer {

/// Scales gradients down so that their common L2 norm is at most `most` (Pascanu et al., arXiv 1211.5063; as
/// torch.nn.utils.clip_grad_norm_). Gradients that are the same on all ranks stay so.
void clip_norm(std::vector<torch::Tensor>& gradients, double most);

}  // namespace fer
