#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "model/rgb_net.h"
#include "model/stages.h"

namespace fer {

/// EfficientNet-B2 (Tan and Le, arXiv 1905.11946) with torchvision's names: a convolution, 23 inverted bottlenecks with
/// squeeze-and-excitation in seven stages, a convolution to 1408 channels, average, dropout 0.3, linear. Maps of 1/32
/// of the picture's size at the end. 9,109,994 parameters with 1000 classes, of which 1,409 per class in
/// "classifier.1". torchvision's weights go with pictures of 288x288; any size will do.
class EfficientNetB2 final : public RgbNet {
 public:
  /// @param config  with a `head`, that stands as "head" in place of average, dropout and linear.
  explicit EfficientNetB2(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& inputs) override;
  std::vector<std::string> head_names() const override { return {head_name_}; }

 private:
  torch::nn::Sequential features_;
  Stages head_;
  std::string head_name_;
};

}  // namespace fer
