#pragma once

#include "data/face_geometry.h"
#include "data/face_parameters.h"

namespace fer::faces {

/// What every painter needs to know about the pixel it paints.
struct Brush {
  float pixel;  // its width in face units, over which edges are smoothed
  float light;  // share of the light that reaches the skin there
};

// Each painter takes the tone beneath (0 black to 1 white) and returns it with one more part of the face painted over
// it, at the place `q` of a face that looks straight ahead.
float paint_creases(float under, const FaceGeometry& face, Point q);
float paint_beard(float under, const Nose& nose, float density, Point q);
float paint_nostrils(float under, const Nose& nose, Point q, Brush brush);
float paint_eye(float under, Side side, const Eye& eye, float iris_tone, Point q, Brush brush);
float paint_brow(float under, const Brow& brow, float tone, Point q, Brush brush);
float paint_mouth(float under, const Mouth& mouth, float lip_tone, Point q, Brush brush);

}  // namespace fer::faces
