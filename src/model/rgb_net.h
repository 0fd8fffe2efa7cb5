#pragma once

#include "model/model.h"

namespace fer {

/// A net made for photographs, as torchvision's are: gray pictures are brought to a size, repeated over red, green and
/// blue, and normalised by ImageNet's means and deviations.
class RgbNet : public Net {
 public:
  /// @param input_size  height and width of what classify() gets, in pixels; 0: those of the pictures
  explicit RgbNet(std::int64_t input_size) : input_size_(input_size) {}

  /// @return [N, 3, size, size]
  torch::Tensor prepare(const torch::Tensor& images) const override;

 private:
  std::int64_t input_size_;
};

}  // namespace fer
