#pragma once

#include "model/chain.h"

namespace fer {

/// Batch norm while it learns, rectifier, maximum of 2x2 and dropout as one operation of autograd: two passes over
/// memory forward and two back, where each layer takes its own. For GPUs; on CPUs it does the same
/// arithmetic, value by value, for tests. Never waits for a GPU. Collective while the norm shares statistics, and its
/// backward pass too.
/// @param stage  with a norm in training mode; pooled after it or not at all
/// @param input  [N, C, H, W] or [N, C], float32 or bfloat16
/// @return of the same type, [N, C, H', W'] channels last, or [N, C]
torch::Tensor fused_tail(const ChainStage& stage, const torch::Tensor& input);

/// A chain stage by stage: torch's convolutions and dense layers, fused tails behind them.
torch::Tensor run_tails(const Chain& chain, const torch::Tensor& input);

/// Whether run_tails() can run a chain now: all its norms learn.
bool can_run_tails(const Chain& chain, const torch::Tensor& input);

}  // namespace fer
