#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "data/sketch.h"

namespace fer {

/// The hashes of a sketch's windows, place by place.
using WindowHashes = std::array<std::uint64_t, Sketch::kPlaces>;

/// Perceptual hash of a window: the signs of its 64 lowest frequencies but the constant one, by the discrete cosine
/// transform (DCT-II). Nearly equal windows differ in few bits; brightness and contrast change none.
///
/// Bits are dealt so that each 16 in a row (a band) hold low frequencies and high ones alike.
class SketchHasher {
 public:
  /// For sketches with windows of this many sums a side, each at least 11.
  SketchHasher(std::size_t window_rows, std::size_t window_columns);

  WindowHashes hashes(const Sketch& sketch) const;
  /// The hashes of the mirrored picture, at no cost: mirroring turns the sign of every other frequency across.
  WindowHashes mirrored(const WindowHashes& hashes) const;

 private:
  static constexpr std::size_t kFrequencies = 11;  // along each axis, from 0
  static constexpr std::size_t kLongestRow = Sketch::kLongestSide - 1;

  /// Of each frequency down: every column of the sketch, projected on it.
  using Projection = std::array<std::array<float, kLongestRow>, kFrequencies>;

  Projection project_columns(const Sketch& sketch, std::size_t shift_down) const;
  std::uint64_t signs(const Projection& projection, std::size_t shift_across) const;

  std::vector<std::array<float, kFrequencies>> down_;    // by row of the window
  std::vector<std::array<float, kFrequencies>> across_;  // by column of the window
  std::uint64_t odd_across_ = 0;                         // bits of frequencies that mirroring turns
};

}  // namespace fer
