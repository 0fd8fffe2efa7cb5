#pragma once

#include <torch/types.h>

#include <span>

#include "data/augmentation.h"

namespace fer {

/// A batch's pictures and what was mixed into them.
struct Pictures {
  torch::Tensor images;      // [B, 1, H, W] float32 in [0, 1]
  torch::Tensor own_shares;  // [B] float32 on the host, each sample's share of its picture; undefined without mixup
};

/// Makes training pictures out of stored ones. What becomes of a sample depends on (seed, epoch, key) alone: on no
/// rank, device, batch or order, but for the partner that mixup blends in. Not collective.
class BatchMaker {
 public:
  BatchMaker(const Augmentation& augmentation, PictureSize stored, std::uint64_t seed);

  bool mixes() const { return augmentation_.mixup_alpha > 0; }
  PictureSize size() const { return augmented_size(augmentation_.spec, stored_); }
  /// @param images   [N, H, W] uint8, on the device that the batch is wanted on
  /// @param rows     [B], where in `images` the samples are; with mixup [B + 1] unless B is 0: sample i is mixed with
  /// sample i + 1
  /// @param keys     [B], likewise; what the random draws are keyed by: the samples' numbers in the split, or where one
  ///                 may come more than once in an epoch, those of their visits
  /// @param epoch    counted from 1
  Pictures make(const torch::Tensor& images, std::span<const std::int64_t> rows, std::span<const std::int64_t> keys,
                std::int64_t epoch) const;

 private:
  torch::Tensor draw_own_shares(std::span<const std::int64_t> keys, std::int64_t epoch) const;

  Augmentation augmentation_;
  PictureSize stored_;
  std::uint64_t seed_;
};

}  // namespace fer
