#include "data/face_parameters.h"

#include <algorithm>

#include "data/face_expression.h"

namespace fer::faces {
namespace {

/// One number that varies between faces, uniformly over [low, high).
template <class Part>
struct Trait {
  float Part::*member;
  float low, high;
};

template <class Part, std::size_t kTraits>
void draw_traits(Part& part, const std::array<Trait<Part>, kTraits>& traits, PhiloxStream& random) {
  for (const Trait<Part>& trait : traits) part.*trait.member = mix(trait.low, trait.high, random.uniform());
}

constexpr auto kIdentityTraits = std::to_array<Trait<Identity>>({
    {&Identity::head_half_width, 0.70f, 0.84f},
    {&Identity::crown, 1.05f, 1.20f},
    {&Identity::jaw_taper, 0.12f, 0.42f},
    {&Identity::eye_height, -0.25f, -0.16f},
    {&Identity::eye_spacing, 0.31f, 0.37f},
    {&Identity::eye_half_width, 0.155f, 0.195f},
    {&Identity::upper_lid, 0.068f, 0.092f},
    {&Identity::lower_lid, 0.040f, 0.058f},
    {&Identity::eye_slant, -0.03f, 0.02f},
    {&Identity::iris_radius, 0.078f, 0.095f},
    {&Identity::brow_gap, 0.21f, 0.26f},
    {&Identity::brow_half_thickness, 0.028f, 0.050f},
    {&Identity::brow_arch, 0.01f, 0.06f},
    {&Identity::brow_slant, -0.03f, 0.03f},
    {&Identity::nose_length, 0.40f, 0.52f},
    {&Identity::nose_half_width, 0.095f, 0.15f},
    {&Identity::nose_relief, 0.7f, 1.2f},
    {&Identity::mouth_gap, 0.26f, 0.33f},
    {&Identity::mouth_half_width, 0.27f, 0.34f},
    {&Identity::upper_lip, 0.040f, 0.065f},
    {&Identity::lower_lip, 0.055f, 0.085f},
    {&Identity::corner_lift, -0.020f, 0.020f},
    {&Identity::brow_tilt, -0.02f, 0.02f},
    {&Identity::mouth_tilt, -0.02f, 0.02f},
    {&Identity::skin, 0.50f, 1.00f},
    {&Identity::lips, 0.42f, 0.65f},
    {&Identity::brows, 0.05f, 0.30f},
    {&Identity::iris, 0.05f, 0.40f},
    {&Identity::age, 0.0f, 1.0f},
});
constexpr float kBeardChance = 0.1f;
constexpr float kLightestBeard = 0.15f, kDarkestBeard = 0.5f;

constexpr auto kHairTraits = std::to_array<Trait<Hair>>({
    {&Hair::tone, 0.04f, 0.60f},
    {&Hair::volume, 0.03f, 0.20f},
    {&Hair::hairline, -0.90f, -0.60f},
    {&Hair::temple_drop, 0.0f, 0.9f},
    {&Hair::length, -0.30f, 1.60f},
    {&Hair::streak_phase, 0.0f, 1.0f},
});
constexpr float kBaldChance = 0.1f;
constexpr float kOffTheHead = -2.0f;  // a y above every head

constexpr auto kSceneTraits = std::to_array<Trait<Scene>>({
    {&Scene::light_azimuth, -0.9f, 0.9f},
    {&Scene::light_elevation, -0.1f, 0.9f},
    {&Scene::ambient, 0.40f, 0.75f},
    {&Scene::backdrop_top, 0.05f, 0.95f},
    {&Scene::backdrop_bottom, 0.05f, 0.95f},
    {&Scene::clothes, 0.05f, 0.90f},
});

constexpr auto kCameraTraits = std::to_array<Trait<Camera>>({
    {&Camera::blur, 0.0f, 0.6f},
    {&Camera::noise, 0.003f, 0.022f},
    {&Camera::contrast, 0.85f, 1.20f},
    {&Camera::brightness, -0.06f, 0.06f},
    {&Camera::midtones, 0.43f, 0.60f},
});

constexpr float kRollDeviation = 0.05f, kYawDeviation = 0.05f, kPitchDeviation = 0.03f;
constexpr float kLargestTurn = 0.22f;  // well before the far cheek would fold over itself
constexpr float kSmallestZoom = 24.5f, kLargestZoom = 27.5f;
constexpr float kCentreDeviation = 0.5f;
constexpr float kRaise = 2.5f;  // pixels: what moves lies mostly below the origin
constexpr Point kGazeDeviation = {0.025f, 0.010f};

constexpr float kGlassesChance = 0.1f, kSunglassesChance = 0.01f;
constexpr float kStrandChance = 0.05f;
constexpr float kHandChance = 0.04f;
constexpr float kCropChance = 0.03f;
constexpr int kWidestCrop = 5;

Identity draw_identity(PhiloxStream& random) {
  Identity identity{};
  draw_traits(identity, kIdentityTraits, random);
  if (random.uniform() < kBeardChance) identity.beard = mix(kLightestBeard, kDarkestBeard, random.uniform());
  return identity;
}

Hair draw_hair(PhiloxStream& random) {
  Hair hair{};
  draw_traits(hair, kHairTraits, random);
  if (random.uniform() < kBaldChance) hair.hairline = hair.length = kOffTheHead;
  return hair;
}

float draw_turn(float deviation, PhiloxStream& random) {
  return std::clamp(deviation * random.normal(), -kLargestTurn, kLargestTurn);
}

Pose draw_pose(PhiloxStream& random) {
  Pose pose{};
  pose.roll = kRollDeviation * random.normal();
  pose.yaw = draw_turn(kYawDeviation, random);
  pose.pitch = draw_turn(kPitchDeviation, random);
  pose.pixels_per_unit = mix(kSmallestZoom, kLargestZoom, random.uniform());
  pose.centre.x = kCentreDeviation * random.normal();
  pose.centre.y = kCentreDeviation * random.normal() - kRaise;
  pose.gaze.x = kGazeDeviation.x * random.normal();
  pose.gaze.y = kGazeDeviation.y * random.normal();
  return pose;
}

void put_on_glasses(Occlusion& occlusion, PhiloxStream& random) {
  occlusion.frame_opacity = mix(0.5f, 1.0f, random.uniform());
  occlusion.frame_half_thickness = mix(0.012f, 0.035f, random.uniform());
  occlusion.frame_tone = mix(0.02f, 0.4f, random.uniform());
  occlusion.lens_opacity = mix(0.0f, 0.2f, random.uniform());
  occlusion.lens = {mix(0.23f, 0.27f, random.uniform()), mix(0.15f, 0.23f, random.uniform())};
}

void drop_a_strand(Occlusion& occlusion, PhiloxStream& random) {
  occlusion.strand_opacity = mix(0.6f, 1.0f, random.uniform());
  occlusion.strand_root = mix(-0.4f, 0.4f, random.uniform());
  occlusion.strand_tip = mix(-0.6f, 0.6f, random.uniform());
}

/// The hand comes from the left or right of the chin and points up and inwards.
void raise_a_hand(Occlusion& occlusion, PhiloxStream& random) {
  const bool from_the_right = random.below(2) == 1;
  const float side = from_the_right ? 1.0f : -1.0f;
  const float steepness = mix(0.6f, 1.3f, random.uniform());
  occlusion.fingers = 2 + static_cast<int>(random.below(3));
  occlusion.fingertip = {side * mix(0.3f, 0.6f, random.uniform()), mix(0.25f, 0.7f, random.uniform())};
  occlusion.hand_angle = from_the_right ? steepness - 3.14159265f : -steepness;
}

void crop_an_edge(Occlusion& occlusion, PhiloxStream& random) {
  const int width = 1 + static_cast<int>(random.below(kWidestCrop));
  const int signed_width = random.below(2) == 1 ? width : -width;
  (random.below(2) == 1 ? occlusion.crop_rows : occlusion.crop_columns) = signed_width;
  occlusion.crop_tone = random.below(2) == 1 ? 1.0f : 0.0f;
}

Occlusion draw_occlusion(PhiloxStream& random) {
  Occlusion occlusion{};
  if (random.uniform() < kGlassesChance) put_on_glasses(occlusion, random);
  if (random.uniform() < kSunglassesChance) {
    put_on_glasses(occlusion, random);
    occlusion.lens_opacity = 1.0f;
  }
  if (random.uniform() < kStrandChance) drop_a_strand(occlusion, random);
  if (random.uniform() < kHandChance) raise_a_hand(occlusion, random);
  if (random.uniform() < kCropChance) crop_an_edge(occlusion, random);
  return occlusion;
}

Scene draw_scene(PhiloxStream& random) {
  Scene scene{};
  draw_traits(scene, kSceneTraits, random);
  return scene;
}

Camera draw_camera(PhiloxStream& random) {
  Camera camera{};
  draw_traits(camera, kCameraTraits, random);
  return camera;
}

}  // namespace

FaceParameters draw_parameters(PhiloxStream& random) {
  FaceParameters face{};
  const LabelledExpression labelled = draw_expression(random);
  face.label = labelled.label;
  face.expression = labelled.expression;
  face.identity = draw_identity(random);
  face.hair = draw_hair(random);
  face.pose = draw_pose(random);
  face.scene = draw_scene(random);
  face.occlusion = draw_occlusion(random);
  face.camera = draw_camera(random);
  return face;
}

}  // namespace fer::faces
