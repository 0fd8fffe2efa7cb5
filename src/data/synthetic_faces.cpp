#include "data/synthetic_faces.h"

#include "data/face_camera.h"
#include "data/face_geometry.h"
#include "data/face_parameters.h"
#include "data/face_shading.h"
#include "kernels/philox.h"

namespace fer {

SyntheticFace draw_face(std::uint64_t seed, std::uint32_t stream, std::uint64_t index) {
  PhiloxStream random(seed, stream, index);
  const faces::FaceParameters face = faces::draw_parameters(random);
  const faces::FaceGeometry geometry = faces::place_features(face.identity, face.expression, face.pose);
  const faces::FaceShader shader(face, geometry, 1.0f / face.pose.pixels_per_unit);
  return {faces::photograph(shader, face, random), face.label};
}

}  // namespace fer
