#include "data/sketch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace fer {
namespace {

constexpr std::uint32_t kPixelsPerSum = 4;

/// Reduces a picture to rows x columns levels: each is the mean of the pixels whose place it takes.
std::vector<std::uint8_t> reduce(const std::uint8_t* picture, std::size_t height, std::size_t width, std::size_t rows,
                                 std::size_t columns) {
  std::vector<std::uint8_t> levels(rows * columns);
  for (std::size_t y = 0; y < rows; ++y) {
    const auto top = y * height / rows, bottom = (y + 1) * height / rows;
    for (std::size_t x = 0; x < columns; ++x) {
      const auto left = x * width / columns, right = (x + 1) * width / columns;
      std::size_t sum = 0;
      for (auto row = top; row < bottom; ++row)
        sum = std::accumulate(picture + row * width + left, picture + row * width + right, sum);
      const auto pixels = (bottom - top) * (right - left);
      levels[y * columns + x] = static_cast<std::uint8_t>((sum + pixels / 2) / pixels);
    }
  }
  return levels;
}

/// Sums over the pixels of two windows, from which means, deviations and correlation follow.
struct Sums {
  std::uint32_t a = 0, b = 0, aa = 0, bb = 0, ab = 0;
};

constexpr std::uint64_t kLongestWindow = Sketch::kLongestSide - Sketch::kPlacesPerSide;
static_assert(kLongestWindow * kLongestWindow * (255 * kPixelsPerSum) * (255 * kPixelsPerSum) < std::uint64_t{1} << 32,
              "sums of products fit 32 bits, which the compiler adds several at a time");

void add_row(Sums& sums, const std::uint16_t* a, const std::uint16_t* b, std::size_t columns) {
  std::uint32_t sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;
  for (std::size_t x = 0; x < columns; ++x) {
    const std::uint32_t left = a[x], right = b[x];
    sum_a += left;
    sum_b += right;
    sum_aa += left * left;
    sum_bb += right * right;
    sum_ab += left * right;
  }
  sums.a += sum_a;
  sums.b += sum_b;
  sums.aa += sum_aa;
  sums.bb += sum_bb;
  sums.ab += sum_ab;
}

/// n^2 times the covariance of two lists of n numbers, from the sums over them and over their products.
double scaled_covariance(std::int64_t n, std::int64_t products, std::int64_t a, std::int64_t b) {
  return static_cast<double>(n * products - a * b);
}

}  // namespace

Sketch::Sketch(const std::uint8_t* picture, std::size_t height, std::size_t width)
    : rows_(std::min(height, kLongestSide) - 1), columns_(std::min(width, kLongestSide) - 1) {
  std::vector<std::uint8_t> reduced;
  if (std::max(height, width) > kLongestSide) {
    reduced = reduce(picture, height, width, rows_ + 1, columns_ + 1);
    picture = reduced.data();
  }
  for (std::size_t y = 0; y < rows_; ++y) {
    const std::uint8_t* const upper = picture + y * (columns_ + 1);
    const std::uint8_t* const lower = upper + (columns_ + 1);
    for (std::size_t x = 0; x < columns_; ++x)
      sums_[y * columns_ + x] = static_cast<std::uint16_t>(upper[x] + upper[x + 1] + lower[x] + lower[x + 1]);
  }
}

Sketch Sketch::mirrored() const {
  auto result = *this;
  for (std::size_t y = 0; y < rows_; ++y) {
    auto* const row = result.sums_.data() + y * columns_;
    std::reverse(row, row + columns_);
  }
  return result;
}

const std::uint16_t* Sketch::window_row(std::size_t place, std::size_t y) const {
  return sums_.data() + (place / kPlacesPerSide + y) * columns_ + place % kPlacesPerSide;
}

double correlation(const Sketch& a, std::size_t place, const Sketch& b) {
  Sums sums;
  for (std::size_t y = 0; y < b.window_rows(); ++y)
    add_row(sums, a.window_row(place, y), b.window_row(Sketch::kCentre, y), b.window_columns());
  const auto n = static_cast<std::int64_t>(b.window_rows() * b.window_columns());
  const double variance_a = scaled_covariance(n, sums.aa, sums.a, sums.a);
  const double variance_b = scaled_covariance(n, sums.bb, sums.b, sums.b);
  const double covariance = scaled_covariance(n, sums.ab, sums.a, sums.b);
  return covariance / std::sqrt(variance_a * variance_b);
}

double contrast(const Sketch& sketch) {
  Sums sums;
  for (std::size_t y = 0; y < sketch.window_rows(); ++y) {
    const auto* const row = sketch.window_row(Sketch::kCentre, y);
    add_row(sums, row, row, sketch.window_columns());
  }
  const auto n = static_cast<std::int64_t>(sketch.window_rows() * sketch.window_columns());
  return std::sqrt(scaled_covariance(n, sums.aa, sums.a, sums.a)) / static_cast<double>(n) / kPixelsPerSum;
}

}  // namespace fer
