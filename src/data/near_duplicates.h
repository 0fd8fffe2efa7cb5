#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fer {

/// The shortest side of pictures that find_near_duplicates() takes.
inline constexpr std::int64_t kShortestComparedSide = 16;

/// Groups of pictures that are nearly equal: one photograph saved twice, be it recompressed, a little noisy, brighter,
/// shifted by up to one pixel in each direction, mirrored, or several of these. Equal pictures are among them. A group
/// is whatever is linked by a chain of such pairs, so its ends may differ by more.
///
/// A pair counts if, at the best of 3x3 shifts and two orientations, their correlation is at least 0.98 after smoothing
/// over 2x2 pixels; a difference in brightness and contrast therefore does not matter. Sides of more than 48 pixels are
/// first reduced to 48 by area, and a shift is one of these pixels. Only pairs are compared whose signs of 64 low
/// frequencies agree well, which leaves out a few of those near the limit.
///
/// A picture whose levels deviate by less than 2 from their mean (root mean square) is in no group, a constant one in
/// particular: nothing in it could be recognised.
///
/// @param pictures  N pictures of height x width levels, row by row, one after the other.
/// @param height, width  at least kShortestComparedSide each.
/// @param threads  at least 1; the result does not depend on it.
/// @return groups of two or more indices in [0, N), each ascending, in the order of their first.
/// @throws Error (kBadInput) if the pictures are too small; memory besides `pictures`: about 250 bytes for each.
std::vector<std::vector<std::int64_t>> find_near_duplicates(std::span<const std::uint8_t> pictures, std::int64_t height,
                                                            std::int64_t width, int threads);

}  // namespace fer
