#pragma once

#include <array>

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// A net that trains in minutes on two cores, after Jordan's airbench (arXiv 2404.00498): conv4x4 32, stride 2, padding
/// 1, ReLU; 3 x [conv3x3, max-pool 2, batch norm, ReLU, conv3x3, batch norm, ReLU] with the given widths; the largest
/// value of each channel; linear; logits times 1/9. Nothing but batch norm has a bias. 3x3 convolutions start by
/// passing their inputs on (Dirac), what outputs they have beyond that at random. Unlike airbench, the first
/// convolution is trained as others are instead of being made of the pictures' eigenvectors, and batch norm's scale is
/// trained. 659,840 parameters (`kSmall`) or 1,813,632 (`kMedium`) with seven classes. Wants pictures of at least
/// 16x16.
class FastNet final : public Net {
 public:
  static constexpr std::array<std::int64_t, 3> kSmall = {48, 96, 192};
  static constexpr std::array<std::int64_t, 3> kMedium = {80, 160, 320};

  /// @param widths  channels of the three stages, from 32 and not falling
  FastNet(const ModelConfig& config, const std::array<std::int64_t, 3>& widths);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override { return {"classifier"}; }

 private:
  Stages features_;
  torch::nn::Linear classifier_{nullptr};
};

}  // namespace fer
