#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fer {

/// Pictures on one sheet: beyond that nobody finds a row again.
inline constexpr std::size_t kMostExplained = 64;

/// A picture and what in it spoke for an answer. All three have height x width values, row by row.
struct ExplainedPicture {
  std::vector<std::uint8_t> pixels;  // gray levels
  std::vector<float> grad_cam;       // from 0 to 1
  std::vector<float> gradient;       // from 0 to 1
};

/// The bytes of a PNG file with a row for each picture: the picture, it under its Grad-CAM and under its gradient.
/// Pixels are repeated until a picture's longer side is about 144.
/// @param pictures  at least one
/// @throws Error (kInternal) if a picture or map has another size.
std::string explanation_sheet(const std::vector<ExplainedPicture>& pictures, std::int64_t height, std::int64_t width);

}  // namespace fer
