#pragma once

#include "data/face_features.h"
#include "data/face_geometry.h"
#include "data/face_parameters.h"

namespace fer::faces {

/// Light from one direction, and some from everywhere.
class Light {
 public:
  explicit Light(const Scene& scene);

  /// Share of the light that reaches a surface which recedes from the viewer by `slope` per unit; in [0, 1].
  float on(Point slope) const;

 private:
  float x_, y_, z_;  // towards the light: right, down, and towards the viewer
  float ambient_;
};

/// The tone (0 black to 1 white) of a face and of what is around it, at any place.
class FaceShader {
 public:
  /// Keeps references to both arguments.
  /// @param pixel  width of a pixel in face units.
  FaceShader(const FaceParameters& parameters, const FaceGeometry& geometry, float pixel);

  float tone(Point p) const;

  /// Which place of a face that looks straight ahead is seen at the place p of this one, whose head may be turned.
  Point turned(Point p) const;

 private:
  float behind_the_head(Point p, Brush brush) const;
  float face(Point q, Brush brush) const;
  float before_the_head(float under, float beyond_head, Point p, Point q, Brush brush) const;

  float head_distance(Point p) const;
  Point slope(Point p, Point q) const;

  const FaceParameters& parameters_;
  const FaceGeometry& geometry_;
  const float pixel_;
  const Light light_;
};

}  // namespace fer::faces
