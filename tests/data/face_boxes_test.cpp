#include "data/face_boxes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "data/face_camera.h"
#include "data/face_geometry.h"
#include "data/face_parameters.h"
#include "data/face_shading.h"
#include "data/synthetic_faces.h"

namespace fer {
namespace {

using faces::FaceParameters;
using Pixels = std::array<std::uint8_t, kFaceSize * kFaceSize>;

constexpr std::uint64_t kSeed = 5, kFaces = 60;
constexpr std::uint32_t kStream = 2;

/// A face of the series, with nothing before it and a perfect camera.
FaceParameters bare_face(std::uint64_t index) {
  constexpr float kOffTheHead = -2.0f;
  PhiloxStream random(kSeed, kStream, index);
  auto face = faces::draw_parameters(random);
  face.occlusion = {};
  face.hair.hairline = face.hair.length = kOffTheHead;
  face.camera = {.blur = 0, .noise = 0, .contrast = 1, .brightness = 0, .midtones = 0.5f};
  face.identity.skin = 0.9f;
  return face;
}

Pixels photograph_of(const FaceParameters& face) {
  PhiloxStream random(kSeed, kStream, 0);
  const auto geometry = faces::place_features(face.identity, face.expression, face.pose);
  return faces::photograph({face, geometry, 1.0f / face.pose.pixels_per_unit}, face, random);
}

/// The smallest box around the pixels in which two pictures differ clearly.
PixelBox box_of_changes(const Pixels& one, const Pixels& other) {
  constexpr int kLeast = 25;  // gray levels: lips and brows fade at their ends
  PixelBox box = {kFaceSize, kFaceSize, 0, 0};
  for (int row = 0; row < kFaceSize; ++row) {
    for (int column = 0; column < kFaceSize; ++column) {
      const auto i = static_cast<std::size_t>(row * kFaceSize + column);
      if (std::abs(one[i] - other[i]) < kLeast) continue;
      box = {std::min(box.top, row), std::min(box.left, column), std::max(box.bottom, row + 1),
             std::max(box.right, column + 1)};
    }
  }
  return box;
}

void expect_inside(const PixelBox& inner, const PixelBox& outer) {
  EXPECT_GE(inner.top, outer.top);
  EXPECT_GE(inner.left, outer.left);
  EXPECT_LE(inner.bottom, outer.bottom);
  EXPECT_LE(inner.right, outer.right);
}

}  // namespace

TEST(FaceBoxes, HoldTheLipsAndLittleElse) {
  for (std::uint64_t i = 0; i < kFaces; ++i) {
    SCOPED_TRACE(i);
    auto pale = bare_face(i), dark = pale;
    pale.identity.lips = 1;
    dark.identity.lips = 0;
    const auto changes = box_of_changes(photograph_of(pale), photograph_of(dark));
    const auto box = face_boxes(kSeed, kStream, i).mouth;
    expect_inside(changes, box);
    constexpr int kSlack = 2;  // lips are thinner than a pixel at the corners
    EXPECT_LE(changes.top - box.top, kSlack);
    EXPECT_LE(changes.left - box.left, kSlack);
    EXPECT_LE(box.bottom - changes.bottom, kSlack);
    EXPECT_LE(box.right - changes.right, kSlack);
  }
}

TEST(FaceBoxes, HoldBothBrowsFromEndToEnd) {
  for (std::uint64_t i = 0; i < kFaces; ++i) {
    SCOPED_TRACE(i);
    auto pale = bare_face(i), dark = pale;
    pale.identity.brows = 1;
    dark.identity.brows = 0;
    const auto changes = box_of_changes(photograph_of(pale), photograph_of(dark));
    const auto box = face_boxes(kSeed, kStream, i).brows;
    EXPECT_GE(changes.top, box.top);
    EXPECT_LE(changes.bottom, box.bottom);
    // Their ends fade, within a pixel and a half.
    EXPECT_NEAR(changes.left, box.left, 2);
    EXPECT_NEAR(changes.right, box.right, 2);
  }
}

TEST(FaceBoxes, HoldTheFurrowsOfAFrown) {
  for (std::uint64_t i = 0; i < kFaces; ++i) {
    SCOPED_TRACE(i);
    const auto face = bare_face(i);
    auto geometry = faces::place_features(face.identity, face.expression, face.pose);
    PhiloxStream random(kSeed, kStream, 0), again(kSeed, kStream, 0);
    const auto before = faces::photograph({face, geometry, 1.0f / face.pose.pixels_per_unit}, face, random);
    geometry.creases.add(faces::frown_furrow(geometry.brows[faces::kRight], 0.9f));
    const auto after = faces::photograph({face, geometry, 1.0f / face.pose.pixels_per_unit}, face, again);
    expect_inside(box_of_changes(before, after), face_boxes(kSeed, kStream, i).brows);
  }
}

TEST(FaceBoxes, DoNotOverlapAndStayInThePicture) {
  for (std::uint64_t i = 0; i < kFaces; ++i) {
    const auto [mouth, brows] = face_boxes(kSeed, kStream, i);
    expect_inside(mouth, {0, 0, kFaceSize, kFaceSize});
    expect_inside(brows, {0, 0, kFaceSize, kFaceSize});
    EXPECT_LT(brows.bottom, mouth.top);
  }
}

}  // namespace fer
