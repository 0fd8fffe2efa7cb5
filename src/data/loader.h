#pragma once

#include <torch/types.h>

#include <span>

#include "data/dataset.h"

namespace fer {

struct Batch {
  torch::Tensor images;  // [B, 1, H, W] float32 in [0, 1]
  torch::Tensor labels;  // [B] int64; undefined if the split has none
};

/// Makes batches of a split that is held in memory, or on the GPU, as bytes. Not collective.
class Loader {
 public:
  /// @param classes  the number of classes, not of the split alone but of its dataset.
  Loader(const Split& split, std::int64_t classes, torch::Device device);

  std::int64_t size() const { return images_.size(0); }
  std::int64_t classes() const { return classes_; }
  torch::Device device() const { return images_.device(); }
  bool labelled() const { return labels_.defined(); }
  /// [N] int64, on the loader's device.
  const torch::Tensor& labels() const { return labels_; }
  /// The samples at `indices`, in their order. @throws Error if an index is out of range.
  Batch load(std::span<const std::int64_t> indices) const;
  /// The samples from `begin` up to `end`.
  Batch load_range(std::int64_t begin, std::int64_t end) const;

 private:
  std::int64_t classes_;
  torch::Tensor images_;  // [N, H, W] uint8
  torch::Tensor labels_;  // [N] int64 or undefined
};

}  // namespace fer
