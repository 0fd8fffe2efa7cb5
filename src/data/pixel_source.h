#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/augment_math.h"

namespace fer {

/// Pictures among others: row rows[i] of `images` is what was asked for as the i-th.
struct PixelRows {
  torch::Tensor images;  // [R, H, W] uint8
  std::vector<std::int64_t> rows;
};

/// Where the pictures of a split of N samples are. Not collective.
class PixelSource {
 public:
  virtual ~PixelSource() = default;
  virtual PictureSize picture_size() const = 0;
  virtual torch::Device device() const = 0;
  /// Samples that an epoch's order may mix freely. Depends on the dataset alone, so that the order does.
  virtual std::int64_t window() const = 0;
  /// Where runs of samples begin that are stored, and best read, together; ascending from 0.
  virtual std::span<const std::int64_t> blocks() const = 0;
  /// Says what next() will be asked for: the samples of each window, in order.
  virtual void start_epoch(std::vector<std::vector<std::int64_t>> samples_of_windows) = 0;
  /// The pictures of the samples that follow. Valid until the next call.
  virtual PixelRows next(std::span<const std::int64_t> samples) = 0;
};

/// Samples of a picture's size that an epoch's order mixes freely: 128 MiB of them.
std::int64_t shuffle_window(PictureSize size);

/// Pictures that are all in memory, or on the GPU.
class ResidentPixels final : public PixelSource {
 public:
  /// @param images  [R, H, W] uint8
  /// @param blocks  as a StreamedPixels of the same split has them; may be left out where N is below the window.
  /// @param rows    [N] of the images, that are samples; without it all are
  explicit ResidentPixels(torch::Tensor images, std::vector<std::int64_t> blocks = {0},
                          std::optional<std::vector<std::int64_t>> rows = std::nullopt);

  PictureSize picture_size() const override;
  torch::Device device() const override { return images_.device(); }
  std::int64_t window() const override { return shuffle_window(picture_size()); }
  std::span<const std::int64_t> blocks() const override { return blocks_; }
  void start_epoch(std::vector<std::vector<std::int64_t>>) override {}
  PixelRows next(std::span<const std::int64_t> samples) override;

 private:
  torch::Tensor images_;
  std::vector<std::int64_t> blocks_;
  std::optional<std::vector<std::int64_t>> rows_;
};

}  // namespace fer
