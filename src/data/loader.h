#pragma once

#include <torch/types.h>

#include <span>

#include "data/augmentation.h"
#include "data/dataset.h"

namespace fer {

/// What a net is shown of each picture when it is scored.
struct ViewConfig {
  TestViews views = TestViews::kNone;
  std::int32_t crop = 0;  // side of the windows; 0: whole pictures
};

/// Makes batches to be scored of a split that is held in memory, or on the GPU, as bytes. Not collective.
class Loader {
 public:
  /// @param classes  the number of classes, not of the split alone but of its dataset.
  /// @throws Error (kUsage) if a window is larger than the pictures.
  Loader(const Split& split, std::int64_t classes, torch::Device device, const ViewConfig& views = {});

  std::int64_t size() const { return images_.size(0); }
  std::int64_t classes() const { return classes_; }
  torch::Device device() const { return images_.device(); }
  bool labelled() const { return labels_.defined(); }
  /// [N] int64, on the loader's device.
  const torch::Tensor& labels() const { return labels_; }
  /// The views of a picture, whose answers are to be averaged.
  std::int64_t views() const { return static_cast<std::int64_t>(draws_.size()); }
  /// The samples at `indices`, in their order, in one view: [B, 1, H, W] float32 in [0, 1].
  /// @throws Error if an index is out of range.
  torch::Tensor load(std::span<const std::int64_t> indices, std::int64_t view = 0) const;
  /// The samples from `begin` up to `end`.
  torch::Tensor load_range(std::int64_t begin, std::int64_t end, std::int64_t view = 0) const;

 private:
  std::int64_t classes_;
  torch::Tensor images_;  // [N, H, W] uint8
  torch::Tensor labels_;  // [N] int64 or undefined
  PictureSize out_;
  std::vector<AugmentDraw> draws_;  // one per view
};

}  // namespace fer
