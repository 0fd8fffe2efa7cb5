#pragma once

#include <cstdint>

namespace fer {

/// Pixels of rows [top, bottom) and columns [left, right).
struct PixelBox {
  int top, left, bottom, right;

  bool contains(int row, int column) const { return row >= top && row < bottom && column >= left && column < right; }
};

/// Where on a drawn face its features are, whatever hides them.
struct FaceBoxes {
  PixelBox mouth;  // lips, their corners and what is seen between them
  PixelBox brows;  // both, and the furrows that a frown makes between them
};

/// The boxes of what draw_face() draws of the same numbers: as small as can be around all pixels that the features
/// touch, cut off at the picture's edges.
FaceBoxes face_boxes(std::uint64_t seed, std::uint32_t stream, std::uint64_t index);

}  // namespace fer
