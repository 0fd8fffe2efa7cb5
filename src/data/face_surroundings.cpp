#include "data/face_surroundings.h"

#include <cmath>

namespace fer::faces {
namespace {

/// Distance from an axis-parallel box with rounded corners, negative inside.
float rounded_box_distance(Point from_centre, Point half_size, float corner) {
  const float x = std::abs(from_centre.x) - half_size.x + corner;
  const float y = std::abs(from_centre.y) - half_size.y + corner;
  return length({std::max(x, 0.0f), std::max(y, 0.0f)}) + std::min(std::max(x, y), 0.0f) - corner;
}

/// Runs from 0 to 1 and back, once per unit of `value`.
float triangle_wave(float value) {
  return std::abs(2.0f * (value - std::floor(value)) - 1.0f);
}

/// Distance from the outline of the hair, negative inside: above the eyes it follows the skull, below it hangs
/// straight.
float hair_distance(const Hair& hair, const Head& head, Point p) {
  const float width = head.half_width + hair.volume;
  const float skull = (length({p.x / width, p.y / (head.crown + hair.volume)}) - 1.0f) * width;
  return p.y < 0.0f ? skull : std::abs(p.x) - width;
}

float streaked_tone(const Hair& hair, Point p, float light) {
  constexpr float kStreaksPerUnit = 6.0f, kStreakSlant = 0.25f;
  const float streaks = triangle_wave(kStreaksPerUnit * p.x * (1.0f + kStreakSlant * p.y) + hair.streak_phase);
  return hair.tone * mix(0.85f, 1.1f, streaks) * mix(0.3f, 1.1f, light);
}

}  // namespace

float backdrop(const Scene& scene, Point p) {
  return mix(scene.backdrop_top, scene.backdrop_bottom, smooth_step(-1.2f, 1.2f, p.y + 0.4f * p.x));
}

float paint_neck(float under, float skin, Point p, Brush brush) {
  constexpr float kHalfWidth = 0.45f, kTop = 0.6f, kShade = 0.6f;  // the chin keeps the light off
  if (p.y < kTop) return under;
  return mix(under, kShade * skin * brush.light, coverage(std::abs(p.x) - kHalfWidth, brush.pixel));
}

float paint_clothes(float under, float tone, Point p, Brush brush) {
  constexpr float kCollar = 1.18f, kNeckDip = 0.10f, kSlope = 0.15f;
  const float shoulder = kCollar + kSlope * square(p.x) + kNeckDip * std::max(0.0f, 1.0f - square(p.x / 0.4f));
  return mix(under, tone * mix(0.5f, 1.0f, brush.light), coverage(shoulder - p.y, brush.pixel));
}

float paint_ears(float under, const Head& head, float skin, Point p, Brush brush) {
  constexpr Point kRadius = {0.09f, 0.18f};
  constexpr float kHeight = -0.02f, kShade = 0.85f;
  const float reach = length({(std::abs(p.x) - head.half_width - 0.02f) / kRadius.x, (p.y - kHeight) / kRadius.y});
  if (reach > 2.0f) return under;
  const float shade = kShade * mix(0.6f, 1.0f, smooth_step(0.2f, 0.8f, reach));  // dark inside the shell
  return mix(under, shade * skin * brush.light, coverage((reach - 1.0f) * kRadius.x, brush.pixel));
}

float paint_hair_behind(float under, const Hair& hair, const Head& head, Point p, Brush brush) {
  const float distance = std::max(hair_distance(hair, head, p), p.y - hair.length);
  return mix(under, streaked_tone(hair, p, brush.light), coverage(distance, 1.5f * brush.pixel));
}

float paint_fringe(float under, const Hair& hair, const Head& head, Point p, Brush brush) {
  const float below_hairline = p.y - hair.hairline - hair.temple_drop * square(p.x);
  const float distance = std::max(hair_distance(hair, head, p), below_hairline);
  return mix(under, streaked_tone(hair, p, brush.light), coverage(distance, 1.5f * brush.pixel));
}

float paint_glasses(float under, const Occlusion& glasses, const FaceGeometry& face, Point q, Brush brush) {
  constexpr float kDrop = 0.02f;   // of the lenses' centres below the eyes
  constexpr float kCorner = 0.7f;  // radius, as a share of the lens' half height
  constexpr float kLensTone = 0.05f;
  const Side side = q.x < 0.0f ? kLeft : kRight;
  const Point eye = face.eyes[side].centre;
  const Point from_lens = {q.x - eye.x, q.y - eye.y - kDrop};
  if (std::abs(from_lens.y) > 0.4f) return under;
  const float lens = rounded_box_distance(from_lens, glasses.lens, kCorner * glasses.lens.y);
  // The bridge, and the temples that run to the ears, are one level line outside the lenses.
  const float bar =
      lens > 0.0f ? stroke_coverage(from_lens.y + 0.3f * glasses.lens.y, glasses.frame_half_thickness, brush.pixel)
                  : 0.0f;
  const float rim = stroke_coverage(lens, glasses.frame_half_thickness, brush.pixel);
  const float tinted = mix(under, kLensTone, glasses.lens_opacity * coverage(lens, brush.pixel));
  return mix(tinted, glasses.frame_tone, glasses.frame_opacity * std::max(rim, bar));
}

float paint_strand(float under, const Occlusion& strand, float hair_tone, Point p, Brush brush) {
  constexpr float kRoot = -0.95f, kTip = 0.25f;  // y
  constexpr float kHalfWidth = 0.09f;
  const float along = (p.y - kRoot) / (kTip - kRoot);
  if (along < 0.0f || along > 1.0f) return under;
  const float middle = mix(strand.strand_root, strand.strand_tip, square(along));
  const float lock = stroke_coverage(p.x - middle, kHalfWidth * (1.0f - along), brush.pixel);
  return mix(under, hair_tone * mix(0.4f, 1.0f, brush.light), strand.strand_opacity * lock);
}

float paint_hand(float under, const Occlusion& hand, float skin, Point p, Brush brush) {
  constexpr float kFingerWidth = 0.17f, kHalfFinger = 0.082f;
  constexpr float kStagger = 0.06f;  // how much shorter each next finger is
  const Point from_tip = p - hand.fingertip;
  const float cosine = std::cos(hand.hand_angle), sine = std::sin(hand.hand_angle);
  const float along = from_tip.x * cosine + from_tip.y * sine;
  const float across = from_tip.y * cosine - from_tip.x * sine;
  const float finger = std::clamp(std::round(across / kFingerWidth), 0.0f, static_cast<float>(hand.fingers - 1));
  const float from_middle = across - finger * kFingerWidth;
  const float distance = length({from_middle, std::max(0.0f, along + finger * kStagger)}) - kHalfFinger;
  const float roundness = 1.0f - 0.45f * square(from_middle / kHalfFinger);
  return mix(under, skin * roundness * mix(0.4f, 0.95f, brush.light), coverage(distance, brush.pixel));
}

}  // namespace fer::faces
