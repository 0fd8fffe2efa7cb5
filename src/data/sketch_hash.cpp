#include "data/sketch_hash.h"

#include <cmath>
#include <numbers>

namespace fer {
namespace {

constexpr std::size_t kBits = 64;
constexpr std::size_t kBands = 4;

struct Frequency {
  std::size_t down, across;
};

/// The lowest frequencies, by the sum of both axes, without the constant one.
constexpr std::array<Frequency, kBits> lowest_frequencies() {
  std::array<Frequency, kBits> list{};
  std::size_t count = 0;
  for (std::size_t sum = 1; count < kBits; ++sum)
    for (std::size_t down = 0; down <= sum && count < kBits; ++down) list[count++] = {down, sum - down};
  return list;
}

constexpr auto kLowest = lowest_frequencies();

/// The bit that holds the sign of frequency number `i`.
constexpr std::uint64_t bit_of(std::size_t i) {
  return std::uint64_t{1} << (i % kBands * (kBits / kBands) + i / kBands);
}

/// Values of the cosines at each of `size` points.
template <std::size_t kCount>
std::vector<std::array<float, kCount>> cosines(std::size_t size) {
  std::vector<std::array<float, kCount>> table(size);
  for (std::size_t point = 0; point < size; ++point)
    for (std::size_t frequency = 0; frequency < kCount; ++frequency)
      table[point][frequency] =
          static_cast<float>(std::cos(std::numbers::pi * static_cast<double>(frequency) *
                                      (static_cast<double>(point) + 0.5) / static_cast<double>(size)));
  return table;
}

}  // namespace

SketchHasher::SketchHasher(std::size_t window_rows, std::size_t window_columns)
    : down_(cosines<kFrequencies>(window_rows)), across_(cosines<kFrequencies>(window_columns)) {
  static_assert(kLowest.back().down + kLowest.back().across < kFrequencies, "the last has the largest sum");
  for (std::size_t i = 0; i < kBits; ++i)
    if (kLowest[i].across % 2 == 1) odd_across_ |= bit_of(i);
}

SketchHasher::Projection SketchHasher::project_columns(const Sketch& sketch, std::size_t shift_down) const {
  const std::size_t columns = across_.size() + Sketch::kPlacesPerSide - 1;  // those of all places
  Projection projection{};
  for (std::size_t y = 0; y < down_.size(); ++y) {
    const std::uint16_t* const row = sketch.window_row(shift_down * Sketch::kPlacesPerSide, y);
    for (std::size_t frequency = 0; frequency < kFrequencies; ++frequency) {
      const float cosine = down_[y][frequency];
      float* const sums = projection[frequency].data();
      for (std::size_t x = 0; x < columns; ++x) sums[x] += cosine * static_cast<float>(row[x]);
    }
  }
  return projection;
}

std::uint64_t SketchHasher::signs(const Projection& projection, std::size_t shift_across) const {
  std::array<std::array<float, kFrequencies>, kFrequencies> coefficients{};
  for (std::size_t down = 0; down < kFrequencies; ++down)
    for (std::size_t x = 0; x < across_.size(); ++x)
      for (std::size_t across = 0; across < kFrequencies; ++across)
        coefficients[down][across] += projection[down][x + shift_across] * across_[x][across];

  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kBits; ++i)
    if (coefficients[kLowest[i].down][kLowest[i].across] > 0) hash |= bit_of(i);
  return hash;
}

WindowHashes SketchHasher::hashes(const Sketch& sketch) const {
  WindowHashes hashes{};
  for (std::size_t down = 0; down < Sketch::kPlacesPerSide; ++down) {
    const auto projection = project_columns(sketch, down);
    for (std::size_t across = 0; across < Sketch::kPlacesPerSide; ++across)
      hashes[down * Sketch::kPlacesPerSide + across] = signs(projection, across);
  }
  return hashes;
}

WindowHashes SketchHasher::mirrored(const WindowHashes& hashes) const {
  constexpr auto kLast = Sketch::kPlacesPerSide - 1;
  WindowHashes result{};
  for (std::size_t place = 0; place < Sketch::kPlaces; ++place) {
    const auto across = place % Sketch::kPlacesPerSide;
    result[place] = hashes[place - across + (kLast - across)] ^ odd_across_;
  }
  return result;
}

}  // namespace fer
