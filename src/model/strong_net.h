#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// A residual net for the best accuracy from scratch: 2 x (conv3x3 64, batch norm, ReLU), max-pool 2; 2 blocks of 128
/// channels, 2 of 256, 3 of 512, the latter two stages with stride 2; mean over places, dropout 0.3, linear. A block is
/// conv3x3, batch norm, ReLU, conv3x3, batch norm, squeeze and excitation (Hu et al., arXiv 1709.01507, reduction 8),
/// stochastic depth (0 in the first block to 0.1 in the last), plus a shortcut, ReLU. Where shapes differ the shortcut
/// is [average pool 2 if strided, conv1x1, batch norm]. The last batch norm of a block starts at 0, so that a block
/// starts as its shortcut. 16,021,095 parameters with seven classes. Wants pictures of at least 8x8.
class StrongNet final : public Net {
 public:
  explicit StrongNet(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override { return {"classifier.1"}; }

 private:
  Stages features_;
  torch::nn::Sequential classifier_;
};

}  // namespace fer
