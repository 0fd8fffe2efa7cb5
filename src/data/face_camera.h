#pragma once

#include <array>

#include "data/face_parameters.h"
#include "data/face_shading.h"
#include "data/synthetic_faces.h"
#include "kernels/philox.h"

namespace fer::faces {

/// Where in the picture a place in face units is seen: column and row, whole numbers at the middle of pixels.
Point place_in_picture(const Pose& pose, Point p);

/// Takes a picture of the face: from tones in face units to grey pixels, with what a poor camera does to them.
/// @param random  gives the sensor's noise.
std::array<std::uint8_t, kFaceSize * kFaceSize> photograph(const FaceShader& shader, const FaceParameters& face,
                                                           PhiloxStream& random);

}  // namespace fer::faces
