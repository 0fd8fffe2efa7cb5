#pragma once

#include <array>

#include "data/face_parameters.h"
#include "data/face_shading.h"
#include "data/synthetic_faces.h"
#include "kernels/philox.h"

namespace fer::faces {

/// Takes a picture of the face: from tones in face units to grey pixels, with what a poor camera does to them.
/// @param random  gives the sensor's noise.
std::array<std::uint8_t, kFaceSize * kFaceSize> photograph(const FaceShader& shader, const FaceParameters& face,
                                                           PhiloxStream& random);

}  // namespace fer::faces
