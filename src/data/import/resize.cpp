#include "data/import/resize.h"

#include <algorithm>
#include <cmath>

namespace fer {
namespace {

constexpr int kFractionBits = 22;  // 8 bits of level and 1 of sign are left over of 32
constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

/// How the pixels along one side become another number of pixels.
class Stretch {
 public:
  /// Makes the weights, unless they are those of the call before, as with pictures of one size they are.
  void prepare(std::int64_t from, std::int64_t to);

  /// Pixel `i` of the result. @param at  returns level number j of the line that is stretched.
  template <class At>
  std::uint8_t pixel(std::size_t i, const At& at) const {
    const Window& window = windows_[i];
    std::int32_t sum = kHalf;
    for (std::size_t k = 0; k < window.size; ++k) sum += weights_[window.weights_start + k] * at(window.first + k);
    return static_cast<std::uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
  }

 private:
  /// What one pixel of the result is the mean of: `size` pixels from pixel number `first` on.
  struct Window {
    std::size_t first;
    std::size_t size;
    std::size_t weights_start;
  };

  void add_window(std::int64_t index, double scale);

  std::int64_t from_ = 0;
  std::int64_t to_ = 0;
  std::vector<Window> windows_;
  std::vector<std::int32_t> weights_;
};

void Stretch::prepare(std::int64_t from, std::int64_t to) {
  if (from == from_ && to == to_) return;
  from_ = from;
  to_ = to;
  windows_.clear();
  weights_.clear();
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  for (std::int64_t i = 0; i < to; ++i) add_window(i, scale);
}

void Stretch::add_window(std::int64_t index, double scale) {
  const double reach = std::max(scale, 1.0);
  const double centre = (static_cast<double>(index) + 0.5) * scale;
  const auto first = std::max(static_cast<std::int64_t>(centre - reach + 0.5), std::int64_t{0});
  const auto last = std::min(static_cast<std::int64_t>(centre + reach + 0.5), from_);
  std::vector<double> weights;
  double sum = 0.0;
  for (std::int64_t i = first; i < last; ++i) {
    const double distance = std::abs((static_cast<double>(i) - centre + 0.5) * (1.0 / reach));
    weights.push_back(std::max(1.0 - distance, 0.0));
    sum += weights.back();
  }
  windows_.push_back({static_cast<std::size_t>(first), weights.size(), weights_.size()});
  for (const double weight : weights)
    weights_.push_back(static_cast<std::int32_t>(weight / sum * (1 << kFractionBits) + 0.5));
}

}  // namespace

GrayImage resize_gray(const GrayImage& image, std::int64_t height, std::int64_t width) {
  thread_local Stretch across;
  thread_local Stretch down;
  across.prepare(image.width, width);
  down.prepare(image.height, height);
  const auto columns = static_cast<std::size_t>(width);
  const auto old_columns = static_cast<std::size_t>(image.width);

  std::vector<std::uint8_t> narrowed(static_cast<std::size_t>(image.height) * columns);
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y)
    for (std::size_t x = 0; x < columns; ++x)
      narrowed[y * columns + x] = across.pixel(x, [&](std::size_t i) { return image.pixels[y * old_columns + i]; });

  GrayImage result{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(height) * columns)};
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
    for (std::size_t x = 0; x < columns; ++x)
      result.pixels[y * columns + x] = down.pixel(y, [&](std::size_t i) { return narrowed[i * columns + x]; });
  return result;
}

}  // namespace fer
