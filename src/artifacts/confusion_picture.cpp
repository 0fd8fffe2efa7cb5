#include "artifacts/confusion_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "artifacts/png.h"

namespace fer {
namespace {

using Colour = std::array<std::uint8_t, 3>;

constexpr Colour kNone = {247, 251, 255}, kHalf = {107, 174, 214}, kAll = {8, 48, 107};
constexpr Colour kLine = {200, 205, 210};
constexpr std::size_t kWidestCell = 24;  // pixels, with the line on its left
constexpr std::size_t kNarrowestCell = 3;
constexpr std::size_t kPictureSide = 512;  // at most, where cells are not too narrow for it

/// @param share  0 to 1
Colour shade(double share) {
  const auto& [from, to] = share < 0.5 ? std::pair(kNone, kHalf) : std::pair(kHalf, kAll);
  const double way = share < 0.5 ? 2 * share : 2 * share - 1;
  Colour colour{};
  for (std::size_t i = 0; i < colour.size(); ++i)
    colour[i] = static_cast<std::uint8_t>(std::lround(std::lerp(double(from[i]), double(to[i]), way)));
  return colour;
}

}  // namespace

EventImage confusion_picture(const std::vector<std::vector<std::int64_t>>& confusion) {
  const auto classes = confusion.size();
  const auto cell = std::clamp(kPictureSide / classes, kNarrowestCell, kWidestCell);
  const auto side = classes * cell + 1;
  std::vector<Colour> pixels(side * side, kLine);
  for (std::size_t truth = 0; truth < classes; ++truth) {
    const auto& row = confusion[truth];
    const auto samples = std::max<std::int64_t>(std::accumulate(row.begin(), row.end(), std::int64_t{0}), 1);
    for (std::size_t predicted = 0; predicted < classes; ++predicted) {
      const auto colour = shade(static_cast<double>(row[predicted]) / static_cast<double>(samples));
      for (std::size_t y = truth * cell + 1; y < (truth + 1) * cell; ++y)
        std::fill_n(pixels.begin() + static_cast<std::ptrdiff_t>(y * side + predicted * cell + 1), cell - 1, colour);
    }
  }
  const auto pixels_per_side = static_cast<std::int64_t>(side);
  const std::span<const std::uint8_t> levels(pixels.front().data(), 3 * pixels.size());
  return {pixels_per_side, pixels_per_side, 3, encode_png_rgb(levels, pixels_per_side, pixels_per_side)};
}

}  // namespace fer
