#include "data/face_boxes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/face_camera.h"
#include "data/face_features.h"
#include "data/face_geometry.h"
#include "data/face_parameters.h"
#include "data/face_shading.h"
#include "data/synthetic_faces.h"
#include "kernels/philox.h"

namespace fer {
namespace {

using faces::Point;

constexpr int kSections = 32;  // of a mouth or a brow; half a pixel apart

/// The place that the camera sees where a face that looks straight ahead would have q.
Point turned_back(const faces::FaceShader& shader, Point q) {
  // A turned head moves no place by more than 0.22, and neighbours by nearly the same: each step comes closer by half
  // at least.
  constexpr int kSteps = 12;
  Point p = q;
  for (int step = 0; step < kSteps; ++step) p = q + (p - shader.turned(p));
  return p;
}

/// Grows around places of a face.
class Frame {
 public:
  Frame(const faces::FaceShader& shader, const faces::Pose& pose) : shader_(shader), pose_(pose) {}

  void add(Point q) {
    const Point place = faces::place_in_picture(pose_, turned_back(shader_, q));
    least_ = {std::min(least_.x, place.x), std::min(least_.y, place.y)};
    most_ = {std::max(most_.x, place.x), std::max(most_.y, place.y)};
  }

  PixelBox box() const {
    // A pixel reaches half a pixel beyond its middle.
    const auto first = [](float least) { return std::clamp(static_cast<int>(std::lround(least)), 0, kFaceSize); };
    const auto behind = [](float most) { return std::clamp(static_cast<int>(std::lround(most)) + 1, 0, kFaceSize); };
    return {first(least_.y), first(least_.x), behind(most_.y), behind(most_.x)};
  }

 private:
  const faces::FaceShader& shader_;
  const faces::Pose& pose_;
  Point least_ = {std::numeric_limits<float>::max(), std::numeric_limits<float>::max()};
  Point most_ = {std::numeric_limits<float>::lowest(), std::numeric_limits<float>::lowest()};
};

void add_mouth(const faces::Mouth& mouth, Frame& frame) {
  for (int i = 0; i <= kSections; ++i) {
    const float x = faces::mix(-1.0f, 1.0f, static_cast<float>(i) / kSections);
    const float line = mouth.centre.y + mouth.tilt * x - mouth.corner_lift * faces::square(x);
    const auto edges = faces::lip_edges(mouth, x);
    for (const float edge : {edges.upper_rim, edges.lower_rim})
      frame.add({mouth.centre.x + mouth.half_width * x, line + edge});
  }
}

void add_brow(const faces::Brow& brow, Frame& frame) {
  for (int i = 0; i <= kSections; ++i) {
    const float along = static_cast<float>(i) / kSections;
    const auto [middle, half_thickness] = faces::brow_section(brow, along);
    for (const float edge : {-half_thickness, half_thickness})
      frame.add({faces::mix(brow.inner.x, brow.outer.x, along), middle + edge});
  }
}

}  // namespace

FaceBoxes face_boxes(std::uint64_t seed, std::uint32_t stream, std::uint64_t index) {
  PhiloxStream random(seed, stream, index);
  const faces::FaceParameters face = faces::draw_parameters(random);
  const faces::FaceGeometry geometry = faces::place_features(face.identity, face.expression, face.pose);
  const faces::FaceShader shader(face, geometry, 1.0f / face.pose.pixels_per_unit);

  Frame mouth(shader, face.pose), brows(shader, face.pose);
  add_mouth(geometry.mouth, mouth);
  for (const auto& brow : geometry.brows) add_brow(brow, brows);
  const auto furrow = faces::frown_furrow(geometry.brows[faces::kRight], 1.0f);
  for (const Point end : {furrow.from, furrow.to})
    for (const float side : {-1.0f, 1.0f}) brows.add({side * end.x, end.y});
  return {mouth.box(), brows.box()};
}

}  // namespace fer
