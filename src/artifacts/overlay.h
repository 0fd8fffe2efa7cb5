#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fer {

/// height x width x 3 levels of red, green and blue, row by row.
using RgbPicture = std::vector<std::uint8_t>;

/// A gray picture with a map laid over it: where the map is 0 the picture shows, up to 1 it turns into colours, through
/// which it still shows. From dark violet over red to light yellow, they are told apart without seeing colours, and in a
/// gray print, by their brightness.
/// @param map  as many values as pixels, from 0 to 1
RgbPicture overlay(std::span<const std::uint8_t> gray, std::span<const float> map);

}  // namespace fer
