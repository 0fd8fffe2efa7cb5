#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fer {

/// height x width x 3 levels of red, green and blue, row by row.
using RgbPicture = std::vector<std::uint8_t>;

/// A gray picture with a map laid over it: where the map is 0 the picture shows, up to 1 it turns into the colours of a
/// map that is readable in gray and by the colour-blind (Mayer's "inferno"-like ramp, dark to bright).
/// @param map  as many values as pixels, from 0 to 1
RgbPicture overlay(std::span<const std::uint8_t> gray, std::span<const float> map);

}  // namespace fer
