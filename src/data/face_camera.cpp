#include "data/face_camera.h"

#include <algorithm>
#include <cmath>

namespace fer::faces {
namespace {

using Picture = std::array<float, kFaceSize * kFaceSize>;  // tones, row by row

float& at(Picture& picture, int row, int column) {
  return picture[static_cast<std::size_t>(row * kFaceSize + column)];
}

constexpr float kMiddle = 0.5f * (kFaceSize - 1);

Picture expose(const FaceShader& shader, const Pose& pose) {
  const float cosine = std::cos(pose.roll) / pose.pixels_per_unit;
  const float sine = std::sin(pose.roll) / pose.pixels_per_unit;
  Picture picture;
  for (int row = 0; row < kFaceSize; ++row) {
    for (int column = 0; column < kFaceSize; ++column) {
      const Point offset = Point{static_cast<float>(column) - kMiddle, static_cast<float>(row) - kMiddle} - pose.centre;
      at(picture, row, column) =
          shader.tone({offset.x * cosine + offset.y * sine, offset.y * cosine - offset.x * sine});
    }
  }
  return picture;
}

/// Spreads each pixel over its neighbours along a row (stride 1) or a column (stride kFaceSize).
void spread(Picture& picture, int stride, float to_each_neighbour) {
  const int line_stride = stride == 1 ? kFaceSize : 1;
  for (int line = 0; line < kFaceSize; ++line) {
    float* const first = picture.data() + line * line_stride;
    float before = first[0];  // edges are repeated
    for (int i = 0; i < kFaceSize; ++i) {
      const float here = first[i * stride];
      const float after = first[std::min(i + 1, kFaceSize - 1) * stride];
      first[i * stride] = here + to_each_neighbour * (before - 2.0f * here + after);
      before = here;
    }
  }
}

/// @param deviation  of the point spread in pixels, below 0.8: three taps can do no more.
void blur(Picture& picture, float deviation) {
  const float to_each_neighbour = 0.5f * square(deviation);  // taps at -1, 0, 1 with this variance
  spread(picture, 1, to_each_neighbour);
  spread(picture, kFaceSize, to_each_neighbour);
}

/// Moves middle grey to `midtones`, keeping black and white (Schlick's bias: a gamma curve without a power).
float bend_midtones(float tone, float midtones) {
  return tone / ((1.0f / midtones - 2.0f) * (1.0f - tone) + 1.0f);
}

/// Nearly normal with deviation 1: the sum of a word's four bytes, which is fast and the same on every machine.
float sensor_noise(std::uint32_t bits) {
  constexpr float kMean = 4.0f * 127.5f;
  constexpr float kDeviation = 147.8f;  // 2 sqrt((256^2 - 1) / 12)
  const std::uint32_t sum = (bits & 0xFFu) + (bits >> 8 & 0xFFu) + (bits >> 16 & 0xFFu) + (bits >> 24);
  return (static_cast<float>(sum) - kMean) / kDeviation;
}

float develop(float tone, const Camera& camera) {
  const float graded = 0.5f + camera.contrast * (tone - 0.5f) + camera.brightness;
  return bend_midtones(std::clamp(graded, 0.0f, 1.0f), camera.midtones);
}

/// Whether a picture that was cut `crop` pixels short (at its start if positive, else at its end) lacks line `i`.
bool is_cropped(int i, int crop) {
  return crop > 0 ? i < crop : i >= kFaceSize + crop;
}

}  // namespace

Point place_in_picture(const Pose& pose, Point p) {
  const float cosine = std::cos(pose.roll) * pose.pixels_per_unit;
  const float sine = std::sin(pose.roll) * pose.pixels_per_unit;
  const Point offset = {p.x * cosine - p.y * sine, p.y * cosine + p.x * sine};  // undoes what expose() does
  return Point{kMiddle, kMiddle} + pose.centre + offset;
}

std::array<std::uint8_t, kFaceSize * kFaceSize> photograph(const FaceShader& shader, const FaceParameters& face,
                                                           PhiloxStream& random) {
  Picture picture = expose(shader, face.pose);
  blur(picture, face.camera.blur);
  std::array<std::uint8_t, kFaceSize * kFaceSize> pixels{};
  for (int row = 0; row < kFaceSize; ++row) {
    for (int column = 0; column < kFaceSize; ++column) {
      float tone = develop(at(picture, row, column), face.camera) + face.camera.noise * sensor_noise(random.bits());
      if (is_cropped(row, face.occlusion.crop_rows) || is_cropped(column, face.occlusion.crop_columns)) {
        tone = face.occlusion.crop_tone;
      }
      pixels[static_cast<std::size_t>(row * kFaceSize + column)] =
          static_cast<std::uint8_t>(std::lround(255.0f * std::clamp(tone, 0.0f, 1.0f)));
    }
  }
  return pixels;
}

}  // namespace fer::faces
