#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "data/face_drawing.h"
#include "kernels/philox.h"

namespace fer::faces {

/// Facial movements as numbered by the Facial Action Coding System of Ekman and Friesen.
enum class ActionUnit {
  kInnerBrowRaiser,     // AU1
  kOuterBrowRaiser,     // AU2
  kBrowLowerer,         // AU4
  kUpperLidRaiser,      // AU5
  kCheekRaiser,         // AU6
  kLidTightener,        // AU7
  kNoseWrinkler,        // AU9
  kUpperLipRaiser,      // AU10
  kLipCornerPuller,     // AU12
  kLipCornerDepressor,  // AU15
  kLowerLipDepressor,   // AU16
  kChinRaiser,          // AU17
  kLipStretcher,        // AU20
  kLipTightener,        // AU23
  kLipsPart,            // AU25
  kJawDrop,             // AU26
  kCount
};

/// How strongly each unit acts: 0 at rest, 1 as far as a face goes.
struct Expression {
  std::array<float, static_cast<std::size_t>(ActionUnit::kCount)> intensity{};

  float& operator[](ActionUnit unit) { return intensity[static_cast<std::size_t>(unit)]; }
  float operator[](ActionUnit unit) const { return intensity[static_cast<std::size_t>(unit)]; }
};

/// A face at rest. Lengths in face units, tones as the share of light that is reflected.
struct Identity {
  float head_half_width, crown, jaw_taper;
  float eye_height, eye_spacing, eye_half_width, upper_lid, lower_lid, eye_slant, iris_radius;
  float brow_gap, brow_half_thickness, brow_arch, brow_slant;
  float nose_length, nose_half_width, nose_relief;
  float mouth_gap, mouth_half_width, upper_lip, lower_lip, corner_lift;
  float brow_tilt, mouth_tilt;  // asymmetry: how much lower the image's right end is
  float skin, lips, brows, iris;
  float age;    // 0 smooth to 1 creased
  float beard;  // 0 shaven to 1 black
};

struct Hair {
  float tone;
  float volume;        // how far it stands off the head
  float hairline;      // y of its edge on the forehead
  float temple_drop;   // how much lower that edge is at the temples
  float length;        // y down to which it covers the sides
  float streak_phase;  // in streaks
};

/// How the head sits in the picture.
struct Pose {
  float roll;        // radians, in the picture's plane
  float yaw, pitch;  // shift of the middle of the face against the outline of the head, in face units
  float pixels_per_unit;
  Point centre;  // of the face in the picture, in pixels from the picture's own centre
  Point gaze;    // of the irises, in face units
};

struct Scene {
  float light_azimuth, light_elevation;  // radians; 0, 0 shines from the viewer
  float ambient;                         // share of the light that comes from everywhere
  float backdrop_top, backdrop_bottom;   // tones
  float clothes;                         // tone
};

/// What hides parts of the face. Whatever is absent has opacity or count 0.
struct Occlusion {
  float frame_opacity, frame_half_thickness, frame_tone, lens_opacity;  // glasses
  Point lens;                                                           // half size of one lens
  float strand_opacity, strand_root, strand_tip;                        // a lock of hair; x of its ends
  int fingers;                                                          // of a hand held to the face
  Point fingertip;                                                      // of the first finger
  float hand_angle;                                                     // radians; 0 points to the image's right
  int crop_rows,
      crop_columns;  // pixels lost at an edge: positive at the top and left, negative at the bottom and right
  float crop_tone;
};

struct Camera {
  float blur;      // deviation of the point spread, in pixels
  float noise;     // deviation, as a share of white
  float contrast;  // 1 keeps it
  float brightness;
  float midtones;  // where middle grey goes: 0.5 keeps it
};

struct FaceParameters {
  std::uint8_t label;
  Expression expression;
  Identity identity;
  Hair hair;
  Pose pose;
  Scene scene;
  Occlusion occlusion;
  Camera camera;
};

/// Draws all that varies from face to face.
FaceParameters draw_parameters(PhiloxStream& random);

}  // namespace fer::faces
