#include "data/streamed_pixels.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "comm/activity.h"
#include "data/shard.h"

namespace fer {

std::vector<std::int64_t> blocks_of(const Manifest& manifest, const std::string& split_name,
                                    std::span<const std::int64_t> rows) {
  const auto& split = manifest.split(split_name);
  const auto rows_per_chunk = image_rows_per_chunk(manifest.height, manifest.width);
  std::vector<std::int64_t> blocks;
  std::size_t shard = 0;
  std::int64_t shard_begin = 0;
  std::pair<std::size_t, std::int64_t> last_chunk{split.shards.size(), 0};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    while (rows[i] >= shard_begin + split.shards.at(shard).rows) shard_begin += split.shards[shard++].rows;
    const std::pair chunk{shard, (rows[i] - shard_begin) / rows_per_chunk};
    if (chunk != last_chunk) blocks.push_back(static_cast<std::int64_t>(i));
    last_chunk = chunk;
  }
  return blocks;
}

StreamedPixels::StreamedPixels(std::filesystem::path folder, const Manifest& manifest, const std::string& split,
                               std::vector<std::int64_t> rows, torch::Device device)
    : folder_(std::move(folder)),
      split_(manifest.split(split)),
      rows_(std::move(rows)),
      size_{static_cast<std::int32_t>(manifest.height), static_cast<std::int32_t>(manifest.width)},
      device_(device),
      blocks_(blocks_of(manifest, split, rows_)) {}

void StreamedPixels::start_epoch(std::vector<std::vector<std::int64_t>> samples_of_windows) {
  const PhaseInside phase(Phase::kLoading);
  if (pending_.valid()) pending_.wait();
  samples_of_windows_ = std::move(samples_of_windows);
  next_window_ = 0;
  current_ = torch::Tensor();
  cursor_ = 0;
  prefetch();
}

void StreamedPixels::prefetch() {
  if (next_window_ == samples_of_windows_.size()) return;
  pending_ =
      std::async(std::launch::async, [this, window = next_window_] { return load(samples_of_windows_[window]); });
  ++next_window_;
}

PixelRows StreamedPixels::next(std::span<const std::int64_t> samples) {
  if (samples.empty())
    return {torch::empty({0, size_.height, size_.width}, torch::dtype(torch::kUInt8).device(device_)), {}};
  if (!current_.defined() || cursor_ == current_.size(0)) {
    require(pending_.valid(), "more samples are asked for than were announced");
    const PhaseInside phase(Phase::kLoading);
    current_ = pending_.get().to(device_);
    cursor_ = 0;
    prefetch();
  }
  PixelRows pixels{current_, std::vector<std::int64_t>(samples.size())};
  std::iota(pixels.rows.begin(), pixels.rows.end(), cursor_);
  cursor_ += static_cast<std::int64_t>(samples.size());
  require(cursor_ <= current_.size(0), "other samples are asked for than were announced");
  return pixels;
}

torch::Tensor StreamedPixels::load(const std::vector<std::int64_t>& samples) const {
  const auto images =
      torch::empty({static_cast<std::int64_t>(samples.size()), size_.height, size_.width}, torch::kUInt8);
  std::vector<RowPlace> places;
  for (std::size_t i = 0; i < samples.size(); ++i)
    places.push_back({rows_.at(static_cast<std::size_t>(samples[i])), static_cast<std::int64_t>(i)});
  std::ranges::sort(places, {}, &RowPlace::row);

  std::int64_t shard_begin = 0;
  auto first = places.begin();
  for (const ShardEntry& shard : split_.shards) {
    const auto last =
        std::find_if(first, places.end(), [&](const RowPlace& p) { return p.row >= shard_begin + shard.rows; });
    for (auto place = first; place != last; ++place) place->row -= shard_begin;
    if (first != last)
      read_shard_rows(folder_, shard, size_.height, size_.width, {first, last}, images.data_ptr<std::uint8_t>());
    first = last;
    shard_begin += shard.rows;
  }
  return images;
}

}  // namespace fer
