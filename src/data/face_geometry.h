#pragma once

#include <array>

#include "data/face_parameters.h"

namespace fer::faces {

enum Side { kLeft, kRight };  // of the picture

/// -1 at the picture's left, 1 at its right: turns "outwards" into x.
inline float outward(Side side) {
  return side == kLeft ? -1.0f : 1.0f;
}

struct Head {
  float half_width, crown, chin;  // crown above the origin, chin below it; both positive
  float jaw_taper;                // share of the width lost from cheeks to chin
};

struct Eye {
  Point centre;
  float half_width;
  float upper, lower;  // how far the lids are from the centre line at its middle
  float slant;         // rise of the outer corner
  float iris_radius;
  Point gaze;
};

struct Brow {
  Point inner, outer;
  float arch;
  float half_thickness;
};

struct Nose {
  Point tip;
  float half_width;
};

struct Mouth {
  Point centre;
  float half_width;
  float corner_lift;                   // of the corners above the middle
  float tilt;                          // how much lower the right corner is than the middle
  float upper_opening, lower_opening;  // of the inner edges of the lips from the line between them
  float upper_lip, lower_lip;          // thickness at the middle
  float upper_teeth, lower_teeth;      // how far they reach into the opening
};

/// A rise (or with negative height a hollow) of the skin over an ellipse: what the light models.
struct Bump {
  Point centre;
  Point radius;
  float height;
};

/// A furrow from `from` to `to`, deepest halfway and fading to its ends.
struct Crease {
  Point from, to;
  float bend;  // how far its middle lies off the straight line, to the right of the way from -> to
  float half_width;
  float depth;  // share of light lost at its middle
};

/// A list with room on the stack for kRoom items; one more throws std::out_of_range.
template <class Item, std::size_t kRoom>
class ShortList {
 public:
  void add(const Item& item) { items_.at(size_++) = item; }
  const Item* begin() const { return items_.data(); }
  const Item* end() const { return items_.data() + size_; }

 private:
  std::array<Item, kRoom> items_{};
  std::size_t size_ = 0;
};

/// Where everything is on one face, in face units, once its muscles have moved.
struct FaceGeometry {
  Head head;
  std::array<Eye, 2> eyes;    // by Side
  std::array<Brow, 2> brows;  // by Side
  Nose nose;
  Mouth mouth;
  ShortList<Bump, 16> relief;
  ShortList<Crease, 24> creases;
};

/// What a frown folds between the brows: the furrow on the right half of the face.
Crease frown_furrow(const Brow& right_brow, float depth);

/// Moves the face of `identity` into `expression`.
FaceGeometry place_features(const Identity& identity, const Expression& expression, const Pose& pose);

}  // namespace fer::faces
