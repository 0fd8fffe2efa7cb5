#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// The VGG19 of WuJie1010/Facial-Expression-Recognition.Pytorch, for 44x44 crops: sixteen times conv3x3, batch norm,
/// ReLU, twice 64 channels, twice 128, four times 256, 512 and 512, each group followed by max-pool 2; dropout 0.5,
/// linear. Three things are ours: one input channel, where the original repeats the same gray three times; no bias
/// ahead of batch norm, which would take it away again; and the mean over what places are left, of which 44x44 leaves
/// one, so that larger pictures fit. 20,032,327 parameters with seven classes. Wants pictures of at least 32x32.
class FerVgg19 final : public Net {
 public:
  explicit FerVgg19(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override { return {"classifier.1"}; }

 private:
  Stages features_;
  torch::nn::Sequential classifier_;
};

}  // namespace fer
