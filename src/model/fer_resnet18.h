#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// The ResNet18 of WuJie1010/Facial-Expression-Recognition.Pytorch, for 44x44 crops, in the form made for CIFAR:
/// conv3x3 64 with stride 1, batch norm, ReLU, no pool; 2 basic blocks each of 64, 128, 256 and 512 channels, the first
/// of the latter three stages with stride 2; mean over places, dropout 0.5, linear. A block is conv3x3, batch norm,
/// ReLU, conv3x3, batch norm, plus a shortcut ([conv1x1, batch norm] where shapes differ), ReLU. Two things are ours:
/// one input channel, where the original repeats the same gray three times, and the mean over all places, where it
/// averages over 4x4 of the 6x6 that 44x44 leaves. 11,171,271 parameters with seven classes. Wants pictures of at least
/// 8x8.
class FerResNet18 final : public Net {
 public:
  explicit FerResNet18(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override { return {"classifier.1"}; }

 private:
  Stages features_;
  torch::nn::Sequential classifier_;
};

}  // namespace fer
