#pragma once

#include <algorithm>
#include <cmath>

namespace fer::faces {

/// A place on the face, in face units: x to the image's right, y down, the origin between the eyes and the tip of the
/// nose. One unit is half the height of a face, so the chin lies near y = 1 and the cheeks near x = -0.8 and 0.8.
struct Point {
  float x;
  float y;
};

inline Point operator+(Point a, Point b) {
  return {a.x + b.x, a.y + b.y};
}
inline Point operator-(Point a, Point b) {
  return {a.x - b.x, a.y - b.y};
}
inline Point operator*(float scale, Point p) {
  return {scale * p.x, scale * p.y};
}

inline float square(float value) {
  return value * value;
}

/// Length of p. Unlike std::hypot it is a few instructions; nothing here is large or small enough to need more.
inline float length(Point p) {
  return std::sqrt(square(p.x) + square(p.y));
}

inline float mix(float from, float to, float share) {
  return from + (to - from) * share;
}

/// 0 up to `low`, 1 from `high` on, smooth between.
inline float smooth_step(float low, float high, float value) {
  const float share = std::clamp((value - low) / (high - low), 0.0f, 1.0f);
  return share * share * (3.0f - 2.0f * share);
}

/// A bow over [0, 1]: 0 at both ends, 1 halfway.
inline float bow(float along) {
  return 4.0f * along * (1.0f - along);
}

/// Share of a pixel that lies inside a shape: what makes an edge smooth instead of stepped.
/// @param distance  from the pixel's centre to the shape's edge, negative inside.
/// @param pixel     width of a pixel; all three in face units.
inline float coverage(float distance, float pixel) {
  return std::clamp(0.5f - distance / pixel, 0.0f, 1.0f);
}

/// Share of a pixel under a line, right for lines thinner than a pixel too.
/// @param distance  from the pixel's centre to the middle of the line, either sign.
inline float stroke_coverage(float distance, float half_width, float pixel) {
  return coverage(distance - half_width, pixel) - coverage(distance + half_width, pixel);
}

}  // namespace fer::faces
