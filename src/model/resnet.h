#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <array>
#include <string>

#include "model/batch_norm.h"
#include "model/rgb_net.h"
#include "model/stages.h"

namespace fer {

/// Residual nets (He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385) with the layers, names
/// and initial weights of torchvision's. A 7x7 convolution and a max-pool, then four stages of blocks whose outcome is
/// added to their input; the maps, by then a 32nd of the inputs' size rounded up, are averaged for one linear layer.
///   resnet18  blocks of two 3x3 convolutions: 11,689,512 parameters at 1000 classes;
///   resnet50  bottlenecks of 1x1, 3x3 (this one strides, not the paper's first) and 1x1: 25,557,032.
class ResNet final : public RgbNet {
 public:
  /// @param config  of its name one of the above; a head takes the place of average and linear layer.
  explicit ResNet(const ModelConfig& config);

  /// @param inputs  [N, 3, h, w] of any size
  torch::Tensor classify(const torch::Tensor& inputs) override;
  std::vector<std::string> head_names() const override { return {head_ ? "head" : "fc"}; }

 private:
  torch::nn::Conv2d conv1_ = nullptr;
  BatchNorm bn1_ = nullptr;
  std::array<torch::nn::Sequential, 4> layers_;
  torch::nn::Linear fc_ = nullptr;        // either this
  Stages head_ = nullptr;  // or this
};

}  // namespace fer
