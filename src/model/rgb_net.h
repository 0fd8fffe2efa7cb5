#pragma once

#include "model/model.h"

namespace fer {

/// How bright red, green and blue are, as a net's weights are used to: (value - mean) / deviation.
struct RgbBrightness {
  std::vector<float> means = {0.485F, 0.456F, 0.406F};
  std::vector<float> deviations = {0.229F, 0.224F, 0.225F};
};

/// A net made for photographs, as torchvision's are: gray pictures are brought to a size, repeated over red, green and
/// blue, and normalised, by ImageNet's means and deviations unless the net has others.
class RgbNet : public Net {
 public:
  /// @param input_size  height and width of what classify() gets, in pixels; 0: those of the pictures
  explicit RgbNet(std::int64_t input_size, RgbBrightness brightness = {})
      : input_size_(input_size), brightness_(std::move(brightness)) {}

  /// @return [N, 3, size, size]
  torch::Tensor prepare(const torch::Tensor& images) const override;

 private:
  std::int64_t input_size_;
  RgbBrightness brightness_;
};

}  // namespace fer
