#pragma once

#include <filesystem>
#include <future>

#include "data/manifest.h"
#include "data/pixel_source.h"

namespace fer {

/// Pictures that stay on the disk: a thread reads the next window while the present one is used. A rank holds its own
/// samples of two windows, and reads every chunk of a window's blocks once.
class StreamedPixels final : public PixelSource {
 public:
  /// @param rows  the split's row of each sample, ascending
  StreamedPixels(std::filesystem::path folder, const Manifest& manifest, const std::string& split,
                 std::vector<std::int64_t> rows, torch::Device device);

  PictureSize picture_size() const override { return size_; }
  torch::Device device() const override { return device_; }
  std::int64_t window() const override { return shuffle_window(size_); }
  std::span<const std::int64_t> blocks() const override { return blocks_; }
  void start_epoch(std::vector<std::vector<std::int64_t>> samples_of_windows) override;
  /// @throws Error (kBadInput) naming the shard.
  PixelRows next(std::span<const std::int64_t> samples) override;

 private:
  void prefetch();
  torch::Tensor load(const std::vector<std::int64_t>& samples) const;

  std::filesystem::path folder_;
  SplitEntry split_;
  std::vector<std::int64_t> rows_;
  PictureSize size_;
  torch::Device device_;
  std::vector<std::int64_t> blocks_;
  std::vector<std::vector<std::int64_t>> samples_of_windows_;
  std::size_t next_window_ = 0;
  torch::Tensor current_;  // [R, H, W]
  std::int64_t cursor_ = 0;
  std::future<torch::Tensor> pending_;  // the last member: its thread uses the others
};

/// Where the samples begin that share a chunk of a shard, so that reading one reads all; ascending from 0.
std::vector<std::int64_t> blocks_of(const Manifest& manifest, const std::string& split,
                                    std::span<const std::int64_t> rows);

}  // namespace fer
