#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "model/dropout.h"

namespace fer {

/// Drops the residual branch of a block for some samples of a batch (Huang et al., arXiv 1603.09382): while training,
/// each sample is zero with probability `rate` and otherwise divided by 1 - rate. Nothing happens in evaluation.
/// Draws as dropout does of one value per sample.
class StochasticDepthImpl : public torch::nn::Module {
 public:
  /// @param rate  in [0, 1)
  explicit StochasticDepthImpl(double rate);

  /// @param branch  [N, ...]
  torch::Tensor forward(const torch::Tensor& branch);

 private:
  double rate_;
  Dropout samples_;
};
TORCH_MODULE(StochasticDepth);

}  // namespace fer
