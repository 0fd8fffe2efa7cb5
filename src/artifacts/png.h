#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fer {

/// The bytes of a PNG file with 8 bits of gray for each pixel.
/// @param pixels  height x width levels, row by row.
/// @param height, width  at least 1.
/// @throws Error (kInternal) if the sizes do not fit or libpng has no memory.
std::string encode_png_gray(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width);

/// The same with 8 bits of red, green and blue each.
/// @param pixels  height x width x 3 levels, row by row.
std::string encode_png_rgb(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width);

}  // namespace fer
