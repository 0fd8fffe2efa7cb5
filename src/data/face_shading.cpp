#include "data/face_shading.h"

#include <cmath>

#include "data/face_surroundings.h"

namespace fer::faces {
namespace {

/// Slope away from the viewer at the place p of a smooth head.
Point head_slope(const Head& head, Point p) {
  // Across, a face is nearly flat at the front and turns away quickly at the cheeks.
  constexpr float kFrontRoundness = 0.25f, kCheekRoundness = 0.85f, kRoundnessDown = 0.45f;
  const float height = p.y < 0.0f ? head.crown : head.chin;
  const float across = std::clamp(p.x / head.half_width, -1.2f, 1.2f);
  const float down = std::clamp(p.y / height, -1.2f, 1.2f);
  return {(kFrontRoundness + kCheekRoundness * square(across)) * across, kRoundnessDown * down};
}

/// Slope that a bump of height (1 - t)^2 adds, where t is the squared distance from its centre in radii.
Point bump_slope(const Bump& bump, Point q) {
  const Point offset = q - bump.centre;
  const Point steepness = {offset.x / square(bump.radius.x), offset.y / square(bump.radius.y)};
  const float t = offset.x * steepness.x + offset.y * steepness.y;
  return t < 1.0f ? 4.0f * bump.height * (1.0f - t) * steepness : Point{0.0f, 0.0f};
}

}  // namespace

Light::Light(const Scene& scene)
    : x_(std::sin(scene.light_azimuth) * std::cos(scene.light_elevation)),
      y_(-std::sin(scene.light_elevation)),
      z_(std::cos(scene.light_azimuth) * std::cos(scene.light_elevation)),
      ambient_(scene.ambient) {}

float Light::on(Point slope) const {
  const float facing = (slope.x * x_ + slope.y * y_ + z_) / std::sqrt(1.0f + square(slope.x) + square(slope.y));
  return mix(std::max(0.0f, facing), 1.0f, ambient_);
}

FaceShader::FaceShader(const FaceParameters& parameters, const FaceGeometry& geometry, float pixel)
    : parameters_(parameters), geometry_(geometry), pixel_(pixel), light_(parameters.scene) {}

float FaceShader::tone(Point p) const {
  const float beyond_head = head_distance(p);
  const Point q = turned(p);
  const Brush on_head{pixel_, light_.on(head_slope(geometry_.head, p))};
  float tone = 0.0f;
  const float covered = coverage(beyond_head, pixel_);
  if (covered < 1.0f) tone = behind_the_head(p, on_head);
  if (covered > 0.0f) tone = mix(tone, face(q, {pixel_, light_.on(slope(p, q))}), covered);
  return before_the_head(tone, beyond_head, p, q, on_head);
}

float FaceShader::behind_the_head(Point p, Brush brush) const {
  const float skin = parameters_.identity.skin;
  float tone = backdrop(parameters_.scene, p);
  tone = paint_neck(tone, skin, p, brush);
  tone = paint_clothes(tone, parameters_.scene.clothes, p, brush);
  tone = paint_ears(tone, geometry_.head, skin, p, brush);
  return paint_hair_behind(tone, parameters_.hair, geometry_.head, p, brush);
}

float FaceShader::face(Point q, Brush brush) const {
  const Identity& identity = parameters_.identity;
  float tone = identity.skin * brush.light;
  tone = paint_creases(tone, geometry_, q);
  if (identity.beard > 0.0f) tone = paint_beard(tone, geometry_.nose, identity.beard, q);
  tone = paint_nostrils(tone, geometry_.nose, q, brush);
  tone = paint_mouth(tone, geometry_.mouth, identity.lips * identity.skin, q, brush);
  const Side side = q.x < 0.0f ? kLeft : kRight;
  tone = paint_eye(tone, side, geometry_.eyes[side], identity.iris, q, brush);
  return paint_brow(tone, geometry_.brows[side], identity.brows, q, brush);
}

float FaceShader::before_the_head(float under, float beyond_head, Point p, Point q, Brush brush) const {
  const Occlusion& occlusion = parameters_.occlusion;
  const Hair& hair = parameters_.hair;
  float tone = under;
  if (occlusion.frame_opacity > 0.0f && beyond_head < 0.0f) tone = paint_glasses(tone, occlusion, geometry_, q, brush);
  tone = paint_fringe(tone, hair, geometry_.head, p, brush);
  if (occlusion.strand_opacity > 0.0f) tone = paint_strand(tone, occlusion, hair.tone, p, brush);
  if (occlusion.fingers > 0) tone = paint_hand(tone, occlusion, parameters_.identity.skin, p, brush);
  return tone;
}

float FaceShader::head_distance(Point p) const {
  const Head& head = geometry_.head;
  const float down = p.y / (p.y < 0.0f ? head.crown : head.chin);
  const float narrowing = down > 0.0f ? 1.0f - head.jaw_taper * square(std::min(down, 1.0f)) : 1.0f;
  const float half_width = head.half_width * narrowing;
  return (length({p.x / half_width, down}) - 1.0f) * half_width;
}

Point FaceShader::turned(Point p) const {
  // Turning the head moves the middle of the face most and its outline not at all, which also foreshortens the far
  // side.
  const Head& head = geometry_.head;
  const float height = p.y < 0.0f ? head.crown : head.chin;
  const float bulge = std::max(0.0f, 1.0f - square(p.x / head.half_width) - square(p.y / height));
  return {p.x - bulge * parameters_.pose.yaw, p.y - bulge * parameters_.pose.pitch};
}

Point FaceShader::slope(Point p, Point q) const {
  Point slope = head_slope(geometry_.head, p);
  for (const Bump& bump : geometry_.relief) slope = slope + bump_slope(bump, q);
  return slope;
}

}  // namespace fer::faces
