#include "artifacts/overlay.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace fer {
namespace {

using Colour = std::array<float, 3>;  // levels of red, green and blue

// From dark violet over red to light yellow. Each is brighter than the one before, which is all that a reader without
// colours needs, and red never stands beside green.
constexpr std::array<Colour, 5> kRamp = {
    {{32, 12, 74}, {110, 26, 110}, {196, 56, 82}, {246, 134, 30}, {252, 244, 140}}};
constexpr float kMostOpaque = 0.8F;  // so that the picture shows through everywhere

float between(float from, float to, float share) {
  return from + (to - from) * share;
}

/// @param value  0 to 1
Colour ramp_colour(float value) {
  const float place = value * (kRamp.size() - 1);
  const auto before = std::min(static_cast<std::size_t>(place), kRamp.size() - 2);
  Colour colour{};
  for (std::size_t c = 0; c < colour.size(); ++c)
    colour[c] = between(kRamp[before][c], kRamp[before + 1][c], place - static_cast<float>(before));
  return colour;
}

}  // namespace

RgbPicture overlay(std::span<const std::uint8_t> gray, std::span<const float> map) {
  require(gray.size() == map.size(), "a map that is laid over a picture has another number of places");
  RgbPicture picture;
  picture.reserve(3 * gray.size());
  for (std::size_t i = 0; i < gray.size(); ++i) {
    const float value = std::clamp(map[i], 0.0F, 1.0F);
    const Colour colour = ramp_colour(value);
    for (const float level : colour)
      picture.push_back(static_cast<std::uint8_t>(std::lround(between(gray[i], level, kMostOpaque * value))));
  }
  return picture;
}

}  // namespace fer
