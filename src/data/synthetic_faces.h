#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fer {

/// Height and width of a face, in pixels.
inline constexpr int kFaceSize = 48;

/// FER2013's classes in its label order.
inline constexpr std::array<std::string_view, 7> kEmotions = {"angry", "disgust",  "fear",   "happy",
                                                              "sad",   "surprise", "neutral"};

struct SyntheticFace {
  std::array<std::uint8_t, kFaceSize * kFaceSize> pixels;  // row by row, 0 black to 255 white
  std::uint8_t label;                                      // index into kEmotions
};

/// Draws face `index` of the series (`seed`, `stream`): a pure function of the three, so any rank or thread may draw
/// it. Emotions are drawn uniformly. `stream` tells the splits apart. Built with -ffp-contract=off, the bytes do not
/// depend on how the compiler optimises; they come through libm's logarithm and cosine.
SyntheticFace draw_face(std::uint64_t seed, std::uint32_t stream, std::uint64_t index);

}  // namespace fer
