#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fer {

/// What is compared of a picture to tell whether it is nearly equal to another: sums over each 2x2 pixels, which hide
/// noise and the blocks of a JPEG, after sides of more than 48 pixels were reduced to 48 by area.
///
/// Comparisons are between windows one sum smaller on every side. Those of one picture at nine places, numbered row by
/// row, against the central window of another find what is shifted by a pixel; nothing outside a picture is made up.
class Sketch {
 public:
  static constexpr std::size_t kLongestSide = 48;
  static constexpr std::size_t kPlacesPerSide = 3;
  static constexpr std::size_t kPlaces = kPlacesPerSide * kPlacesPerSide;
  static constexpr std::size_t kCentre = kPlaces / 2;

  /// @param picture  height x width levels, row by row; each side at least 4.
  Sketch(const std::uint8_t* picture, std::size_t height, std::size_t width);

  Sketch mirrored() const;

  std::size_t window_rows() const { return rows_ - (kPlacesPerSide - 1); }
  std::size_t window_columns() const { return columns_ - (kPlacesPerSide - 1); }
  /// Row `y` of the window at `place`: window_columns() sums, each from 0 to 1020.
  const std::uint16_t* window_row(std::size_t place, std::size_t y) const;

 private:
  static constexpr std::size_t kMostSums = (kLongestSide - 1) * (kLongestSide - 1);

  std::size_t rows_;
  std::size_t columns_;
  std::array<std::uint16_t, kMostSums> sums_;
};

/// Correlation of the window of `a` at `place` with the central one of `b`, a sketch of the same size: 1 where they
/// differ in brightness and contrast only, not a number if one is all of one level. Exact up to the last division, so
/// it is the same on every machine.
double correlation(const Sketch& a, std::size_t place, const Sketch& b);

/// Root mean square deviation of the central window from its mean, in levels.
double contrast(const Sketch& sketch);

}  // namespace fer
