#pragma once

#include <torch/types.h>

#include "train/loss.h"

namespace fer {

/// Softmax and cross entropy in one pass that leaves the gradient, too, where torch takes six. For GPUs; on CPUs it
/// does the same arithmetic, for tests.
/// @param logits   [B, classes] float32 or bfloat16
/// @param targets  [B] int64 labels, or [B, classes] float32 shares
/// @return [B] float32, of each sample
torch::Tensor fused_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets, const LossConfig& config);

}  // namespace fer
