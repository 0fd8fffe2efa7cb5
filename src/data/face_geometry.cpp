#include "data/face_geometry.h"

#include <algorithm>

#include "data/face_muscles.h"

namespace fer::faces {
namespace {

constexpr float kChin = 1.0f;

Eye place_eye(Side side, const Identity& identity, const Muscles& muscles, const Pose& pose) {
  constexpr float kNearlyShut = 0.008f;
  Eye eye{};
  eye.centre = {outward(side) * identity.eye_spacing, identity.eye_height};
  eye.half_width = identity.eye_half_width;
  eye.upper = std::max(kNearlyShut, identity.upper_lid + muscles.upper_lid_lift);
  eye.lower = std::max(kNearlyShut, identity.lower_lid - muscles.lower_lid_lift);
  eye.slant = identity.eye_slant;
  eye.iris_radius = identity.iris_radius;
  eye.gaze = pose.gaze;
  return eye;
}

Brow place_brow(Side side, const Identity& identity, const Muscles& muscles) {
  constexpr float kInnerX = 0.14f;
  constexpr float kReach = 1.45f;  // of the outer end, in eye half widths from the eye's centre
  const float rest_y = identity.eye_height - identity.brow_gap + outward(side) * identity.brow_tilt;
  const float outer_x = identity.eye_spacing + kReach * identity.eye_half_width;
  Brow brow{};
  brow.inner = {outward(side) * (kInnerX - muscles.brow_pinch), rest_y + identity.brow_slant - muscles.brow_inner_lift};
  brow.outer = {outward(side) * outer_x, rest_y - identity.brow_slant - muscles.brow_outer_lift};
  // A brow is raised by its middle, too: without this, lifted ends would leave a sagging arch.
  brow.arch = identity.brow_arch + 0.25f * std::max(0.0f, muscles.brow_outer_lift);
  brow.half_thickness = identity.brow_half_thickness;
  return brow;
}

Nose place_nose(const Identity& identity, const Muscles& muscles, const Pose& pose) {
  constexpr float kProtrusion = 0.4f;  // the tip sticks out, so turning the head moves it further than the skin
  constexpr float kTipFollows = 0.5f, kWingsFlare = 0.4f;  // shares of how far the nostrils rise
  const float rest_y = identity.eye_height + identity.nose_length;
  return {.tip = {kProtrusion * pose.yaw, rest_y - kTipFollows * muscles.nostril_lift + kProtrusion * pose.pitch},
          .half_width = identity.nose_half_width + kWingsFlare * muscles.nostril_lift};
}

Mouth place_mouth(const Identity& identity, const Muscles& muscles) {
  constexpr float kThinnestLip = 0.010f;
  constexpr float kUpperTeeth = 0.075f, kLowerTeeth = 0.045f;
  const float rest_y = identity.eye_height + identity.nose_length + identity.mouth_gap;
  Mouth mouth{};
  mouth.centre = {0.0f, rest_y - muscles.mouth_lift};
  mouth.half_width = identity.mouth_half_width + muscles.mouth_stretch;
  mouth.corner_lift = identity.corner_lift + muscles.corner_lift;
  mouth.tilt = identity.mouth_tilt;
  mouth.upper_opening = muscles.upper_lip_lift;
  mouth.lower_opening = muscles.lower_lip_drop;
  mouth.upper_lip = std::max(kThinnestLip, identity.upper_lip + muscles.lip_swell);
  mouth.lower_lip = std::max(kThinnestLip, identity.lower_lip + muscles.lip_swell);
  // Lips that part over a closed jaw bare both rows; a dropped jaw takes the lower row out of sight.
  mouth.upper_teeth = kUpperTeeth - 0.2f * muscles.jaw_drop;
  mouth.lower_teeth = std::max(0.0f, kLowerTeeth - 0.5f * muscles.jaw_drop);
  return mouth;
}

void raise_relief(FaceGeometry& face, const Identity& identity, const Muscles& muscles) {
  const auto add_pair = [&face](Point right, Point radius, float height) {
    face.relief.add({right, radius, height});
    face.relief.add({{-right.x, right.y}, radius, height});
  };
  const Point tip = face.nose.tip;
  const float eye_y = identity.eye_height;
  const float below_lips = face.mouth.centre.y + face.mouth.lower_opening + face.mouth.lower_lip;
  const float nose = identity.nose_relief;

  face.relief.add({{0.0f, -0.75f}, {0.60f, 0.40f}, 0.06f});                                  // forehead
  face.relief.add({{0.5f * tip.x, 0.5f * (eye_y + tip.y)}, {0.13f, 0.36f}, 0.055f * nose});  // bridge
  face.relief.add({tip, {0.14f, 0.13f}, 0.075f * nose});
  face.relief.add({{0.0f, below_lips + 0.06f}, {0.20f, 0.07f}, -0.03f});
  face.relief.add({{0.0f, face.head.chin - 0.15f}, {0.25f, 0.17f}, 0.05f + 0.04f * muscles.chin_fold});
  add_pair({identity.eye_spacing, eye_y}, {0.27f, 0.20f}, -0.06f);                          // sockets
  add_pair({0.30f, eye_y - 0.22f}, {0.32f, 0.13f}, 0.03f + 0.02f * muscles.glabella_fold);  // brow ridges
  add_pair({0.43f, 0.20f - muscles.cheek_lift}, {0.27f, 0.25f}, 0.045f + 0.6f * muscles.cheek_lift);
  for (const Side side : {kLeft, kRight}) {  // the nostrils' wings move with the tip
    const Point wing = {tip.x + outward(side) * face.nose.half_width, tip.y + 0.03f};
    face.relief.add({wing, {0.07f, 0.07f}, 0.03f * nose});
  }
}

void add_crease(FaceGeometry& face, const Crease& crease) {
  constexpr float kFaintest = 0.01f;  // what two or three of 256 grey levels can show
  if (crease.depth > kFaintest) face.creases.add(crease);
}

/// A furrow on the right half of the face, and its mirror image.
void add_crease_pair(FaceGeometry& face, const Crease& right) {
  Crease left = right;
  left.from.x = -right.from.x;
  left.to.x = -right.to.x;
  left.bend = -right.bend;
  add_crease(face, right);
  add_crease(face, left);
}

void crease_upper_face(FaceGeometry& face, const Identity& identity, const Muscles& muscles) {
  const float eye_y = identity.eye_height;
  const float forehead = 0.05f * identity.age + 0.30f * muscles.forehead_fold;
  for (const float y : {-0.60f, -0.69f, -0.78f}) {
    add_crease(face, {{-0.40f, y}, {0.40f, y}, -0.03f, 0.030f, forehead});
  }
  add_crease_pair(face, frown_furrow(face.brows[kRight], 0.40f * muscles.glabella_fold));
  const float nose = 0.32f * muscles.nose_fold;
  add_crease_pair(face, {{0.05f, eye_y}, {0.11f, eye_y + 0.14f}, 0.0f, 0.030f, nose});
  add_crease(face, {{-0.08f, eye_y - 0.02f}, {0.08f, eye_y - 0.02f}, 0.0f, 0.035f, nose});

  const Eye& eye = face.eyes[kRight];
  const float outer = eye.centre.x + eye.half_width;
  const float feet = 0.10f * identity.age + 0.30f * muscles.crows_feet;
  add_crease_pair(face, {{outer + 0.02f, eye_y + 0.01f}, {outer + 0.13f, eye_y - 0.05f}, 0.0f, 0.022f, feet});
  add_crease_pair(face, {{outer + 0.02f, eye_y + 0.04f}, {outer + 0.13f, eye_y + 0.07f}, 0.0f, 0.022f, feet});
  const float bag = 0.12f * identity.age + 4.0f * std::max(0.0f, muscles.lower_lid_lift);
  const float bag_y = eye.centre.y + eye.lower + 0.05f;
  add_crease_pair(face, {{eye.centre.x - 0.14f, bag_y - 0.02f}, {outer, bag_y - 0.03f}, 0.05f, 0.030f, bag});
}

void crease_lower_face(FaceGeometry& face, const Identity& identity, const Muscles& muscles) {
  const Point tip = face.nose.tip;
  const Mouth& mouth = face.mouth;
  const Point corner = {mouth.half_width, mouth.centre.y - mouth.corner_lift};
  const float smile = 0.12f * identity.age + 0.35f * std::min(1.0f, muscles.smile_fold);
  add_crease_pair(face,
                  {{face.nose.half_width + 0.05f, tip.y - 0.03f}, {corner.x + 0.10f, corner.y}, -0.05f, 0.038f, smile});
  const float sad = 0.08f * identity.age + 0.28f * muscles.sad_fold;
  add_crease_pair(face, {{corner.x + 0.02f, corner.y}, {corner.x + 0.05f, corner.y + 0.18f}, -0.02f, 0.035f, sad});
  const float chin_y = mouth.centre.y + mouth.lower_lip + 0.12f;
  add_crease(face, {{-0.17f, chin_y + 0.03f}, {0.17f, chin_y + 0.03f}, -0.06f, 0.030f, 0.35f * muscles.chin_fold});
}

}  // namespace

Crease frown_furrow(const Brow& right_brow, float depth) {
  const float y = right_brow.inner.y;
  return {{0.05f, y - 0.08f}, {0.04f, y + 0.09f}, 0.0f, 0.030f, depth};
}

FaceGeometry place_features(const Identity& identity, const Expression& expression, const Pose& pose) {
  const Muscles muscles = contract_muscles(expression);
  FaceGeometry face{};
  face.head = {.half_width = identity.head_half_width,
               .crown = identity.crown,
               .chin = kChin + muscles.jaw_drop,
               .jaw_taper = identity.jaw_taper};
  for (const Side side : {kLeft, kRight}) {
    face.eyes[side] = place_eye(side, identity, muscles, pose);
    face.brows[side] = place_brow(side, identity, muscles);
  }
  face.nose = place_nose(identity, muscles, pose);
  face.mouth = place_mouth(identity, muscles);
  raise_relief(face, identity, muscles);
  crease_upper_face(face, identity, muscles);
  crease_lower_face(face, identity, muscles);
  return face;
}

}  // namespace fer::faces
