#include "data/pixel_source.h"

#include <algorithm>

#include "base/error.h"
#include "data/render.h"

namespace fer {

std::int64_t shuffle_window(PictureSize size) {
  constexpr std::int64_t kWindowBytes = std::int64_t{128} << 20;
  return kWindowBytes / (static_cast<std::int64_t>(size.height) * size.width);
}

ResidentPixels::ResidentPixels(torch::Tensor images, std::vector<std::int64_t> blocks,
                               std::optional<std::vector<std::int64_t>> rows)
    : images_(std::move(images)), blocks_(std::move(blocks)), rows_(std::move(rows)) {}

PictureSize ResidentPixels::picture_size() const {
  return picture_size_of(images_);
}

PixelRows ResidentPixels::next(std::span<const std::int64_t> samples) {
  const auto count = rows_ ? static_cast<std::int64_t>(rows_->size()) : images_.size(0);
  require(std::ranges::all_of(samples, [&](std::int64_t i) { return i >= 0 && i < count; }),
          "a sample's index is out of range");
  PixelRows pixels{images_, {samples.begin(), samples.end()}};
  if (rows_)
    for (auto& row : pixels.rows) row = (*rows_)[static_cast<std::size_t>(row)];
  return pixels;
}

}  // namespace fer
