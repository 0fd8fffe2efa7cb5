#include "data/face_features.h"

#include <cmath>

namespace fer::faces {
namespace {

/// Half of an almond: 1 in the middle, 0 at x = -1 and 1, negative beyond. Fuller than a parabola.
float almond(float x) {
  const float x2 = square(x);
  return (1.0f - x2) * (1.0f + 0.4f * x2);
}

float crease_darkness(const Crease& crease, Point q) {
  const Point way = crease.to - crease.from;
  const Point offset = q - crease.from;
  const float length2 = square(way.x) + square(way.y);
  const float along_scaled = offset.x * way.x + offset.y * way.y;   // by length2
  const float across_scaled = offset.y * way.x - offset.x * way.y;  // by the length
  // Most places are far from most creases: tell them before dividing.
  if (along_scaled <= 0.0f || along_scaled >= length2) return 0.0f;
  if (square(across_scaled) >= length2 * square(crease.half_width + std::abs(crease.bend))) return 0.0f;
  const float along = along_scaled / length2;
  const float across = across_scaled / std::sqrt(length2) - crease.bend * bow(along);
  return crease.depth * bow(along) * std::max(0.0f, 1.0f - square(across / crease.half_width));
}

/// The eyeball between the lids, at (x, y) from its centre.
float eyeball_tone(const Eye& eye, float iris_tone, float x, float y, float below_upper_lid, Brush brush) {
  constexpr float kWhite = 0.85f, kPupil = 0.03f, kGlint = 0.95f;
  constexpr float kPupilShare = 0.45f;  // of the iris' radius
  constexpr float kGlintRadius = 0.016f;
  constexpr Point kGlintOffset = {-0.028f, -0.030f};
  constexpr float kLidShadow = 0.06f;
  const float from_gaze = length({x - eye.gaze.x, y - eye.gaze.y});
  const float from_glint = length({x - eye.gaze.x - kGlintOffset.x, y - eye.gaze.y - kGlintOffset.y});
  float tone = mix(kWhite, iris_tone, coverage(from_gaze - eye.iris_radius, brush.pixel));
  tone = mix(tone, kPupil, coverage(from_gaze - kPupilShare * eye.iris_radius, brush.pixel));
  tone *= mix(0.6f, 1.0f, smooth_step(0.0f, kLidShadow, below_upper_lid));
  // Wet and round, the eye is lit more evenly than the skin around it.
  tone *= mix(0.35f, 1.0f, brush.light);
  return mix(tone, kGlint, coverage(from_glint - kGlintRadius, brush.pixel));
}

/// What is seen between the lips. Depths are measured from the edges of the lips into the opening.
float inner_mouth_tone(const Mouth& mouth, float x, float below_upper_lip, float above_lower_lip, Brush brush) {
  constexpr float kDark = 0.06f, kTeeth = 0.85f, kTongue = 0.30f;
  constexpr float kTongueHeight = 0.09f;
  constexpr float kTeethWidth = 0.85f;  // of the mouth's
  const float in_sight = 1.0f - smooth_step(kTeethWidth - 0.15f, kTeethWidth + 0.1f, std::abs(x));
  const float tongue = coverage(above_lower_lip - kTongueHeight * (1.0f - square(x)), brush.pixel);
  const float lower_teeth = coverage(above_lower_lip - mouth.lower_teeth, brush.pixel) * in_sight;
  const float upper_teeth = coverage(below_upper_lip - mouth.upper_teeth, brush.pixel) * in_sight;
  float tone = mix(kDark, kTongue * brush.light, tongue);
  tone = mix(tone, 0.8f * kTeeth * brush.light, mouth.lower_teeth > 0.0f ? lower_teeth : 0.0f);
  return mix(tone, kTeeth * mix(0.3f, 1.0f, brush.light), upper_teeth);
}

}  // namespace

LipEdges lip_edges(const Mouth& mouth, float x) {
  const float profile = almond(x);
  const float cupids_bow = 0.75f + 0.25f * std::min(1.0f, std::abs(x) / 0.25f);
  const float upper_edge = -mouth.upper_opening * profile;
  const float lower_edge = mouth.lower_opening * profile;
  return {.upper_rim = upper_edge - mouth.upper_lip * profile * cupids_bow,
          .upper_edge = upper_edge,
          .lower_edge = lower_edge,
          .lower_rim = lower_edge + mouth.lower_lip * profile};
}

BrowSection brow_section(const Brow& brow, float along) {
  return {.middle = mix(brow.inner.y, brow.outer.y, along) - brow.arch * bow(along),
          .half_thickness = brow.half_thickness * (1.0f - 0.55f * square(along))};
}

float paint_creases(float under, const FaceGeometry& face, Point q) {
  float left_over = 1.0f;
  for (const Crease& crease : face.creases) left_over *= 1.0f - crease_darkness(crease, q);
  return under * left_over;
}

float paint_beard(float under, const Nose& nose, float density, Point q) {
  constexpr float kMoustacheGap = 0.06f, kCheekDip = 0.25f, kSideburnX = 0.75f;
  const float edge = nose.tip.y + kMoustacheGap + kCheekDip * std::max(0.0f, bow(std::abs(q.x) / kSideburnX));
  return under * (1.0f - density * smooth_step(0.0f, 0.2f, q.y - edge));
}

float paint_nostrils(float under, const Nose& nose, Point q, Brush brush) {
  constexpr float kBelowTip = 0.085f, kApart = 0.5f, kHeight = 0.026f, kWidth = 0.048f;
  const float x = std::abs(q.x - nose.tip.x) - kApart * nose.half_width;
  const float y = q.y - nose.tip.y - kBelowTip;
  if (std::abs(y) > 3.0f * kHeight) return under;
  const float distance = (length({x / kWidth, y / kHeight}) - 1.0f) * kHeight;
  return mix(under, 0.25f * under, coverage(distance, brush.pixel));
}

float paint_eye(float under, Side side, const Eye& eye, float iris_tone, Point q, Brush brush) {
  constexpr float kLashWidth = 0.016f, kLashDarkness = 0.80f;
  constexpr float kLowerLashWidth = 0.008f, kLowerLashDarkness = 0.45f;
  constexpr float kFoldGap = 0.055f, kFoldWidth = 0.015f, kFoldDarkness = 0.30f;
  constexpr float kFurthest = 1.15f;                                          // lashes reach a little beyond the corner
  const float share = outward(side) * (q.x - eye.centre.x) / eye.half_width;  // -1 inner corner, 1 outer corner
  const float y = q.y - eye.centre.y + eye.slant * share;
  if (std::abs(share) > kFurthest || std::abs(y) > 0.3f) return under;
  const float upper_edge = -eye.upper * almond(share);
  const float lower_edge = eye.lower * almond(share);
  const float opening = coverage(std::max(upper_edge - y, y - lower_edge), brush.pixel);
  const float fade = 1.0f - smooth_step(0.9f, kFurthest, std::abs(share));

  float tone =
      mix(under, 0.0f, kFoldDarkness * fade * stroke_coverage(y - upper_edge + kFoldGap, kFoldWidth, brush.pixel));
  tone = mix(tone, eyeball_tone(eye, iris_tone, q.x - eye.centre.x, y, y - upper_edge, brush), opening);
  tone = mix(tone, 0.0f, kLowerLashDarkness * fade * stroke_coverage(y - lower_edge, kLowerLashWidth, brush.pixel));
  return mix(tone, 0.0f, kLashDarkness * fade * stroke_coverage(y - upper_edge, kLashWidth, brush.pixel));
}

float paint_brow(float under, const Brow& brow, float tone, Point q, Brush brush) {
  constexpr float kDensity = 0.85f;
  const float along = (q.x - brow.inner.x) / (brow.outer.x - brow.inner.x);
  if (along < -0.1f || along > 1.1f) return under;
  const auto [middle, half_thickness] = brow_section(brow, along);
  const float fade = smooth_step(-0.08f, 0.08f, along) * (1.0f - smooth_step(0.8f, 1.08f, along));
  const float hairs = kDensity * fade * stroke_coverage(q.y - middle, half_thickness, brush.pixel);
  return mix(under, std::min(under, tone * brush.light), hairs);
}

float paint_mouth(float under, const Mouth& mouth, float lip_tone, Point q, Brush brush) {
  constexpr float kSeam = 0.012f;          // half width of the dark line between closed lips
  constexpr float kUpperLipShade = 0.82f;  // it faces down, away from most light
  const float x = (q.x - mouth.centre.x) / mouth.half_width;
  const float y = q.y - mouth.centre.y - mouth.tilt * x + mouth.corner_lift * square(x);
  if (std::abs(x) > 1.1f || std::abs(y) > 0.45f) return under;
  const auto [upper_rim, upper_edge, lower_edge, lower_rim] = lip_edges(mouth, x);

  const float lips = coverage(std::max(upper_rim - y, y - lower_rim), brush.pixel);
  const float opening = coverage(std::max(upper_edge - y, y - lower_edge) - kSeam * (1.0f - square(x)), brush.pixel);
  const float shade = y < 0.5f * (upper_edge + lower_edge) ? kUpperLipShade : 1.0f;
  const float tone = mix(under, lip_tone * shade * brush.light, lips);
  return mix(tone, inner_mouth_tone(mouth, x, y - upper_edge, lower_edge - y, brush), opening);
}

}  // namespace fer::faces
