#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "model/rgb_net.h"
#include "model/stages.h"

namespace fer {

/// Inception v3 (Szegedy et al., arXiv 1512.00567) with torchvision's names, without the auxiliary classifier: a stem
/// of five convolutions, eleven blocks of parallel branches, average, dropout 0.5, linear. 23,834,568 parameters with
/// 1000 classes, of which 2,049 per class in "fc". Made for pictures of 299x299, wants at least 75x75.
class InceptionV3 final : public RgbNet {
 public:
  /// @param config  with a `head`, that stands as "head" in place of average, dropout and linear.
  /// @throws Error (kUsage) if the pictures are smaller than 75x75.
  explicit InceptionV3(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& inputs) override;
  std::vector<std::string> head_names() const override { return {head_name_}; }

 private:
  // These run modules that the net registers itself, under names like Mixed_5b: they are no modules of the net.
  torch::nn::Sequential features_;
  torch::nn::Sequential own_head_;
  Stages head_ = nullptr;  // or this, which is one
  std::string head_name_;
};

}  // namespace fer
