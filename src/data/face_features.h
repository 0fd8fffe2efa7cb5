#pragma once

#include "data/face_geometry.h"
#include "data/face_parameters.h"

namespace fer::faces {

/// What every painter needs to know about the pixel it paints.
struct Brush {
  float pixel;  // its width in face units, over which edges are smoothed
  float light;  // share of the light that reaches the skin there
};

/// The edges of the lips at one place along a mouth: how far below the line on which closed lips meet.
struct LipEdges {
  float upper_rim, upper_edge, lower_edge, lower_rim;
};

/// @param x  -1 left corner to 1 right corner
LipEdges lip_edges(const Mouth& mouth, float x);

struct BrowSection {
  float middle;  // y
  float half_thickness;
};

/// A brow at one place along it.
/// @param along  0 inner end to 1 outer end
BrowSection brow_section(const Brow& brow, float along);

// Each painter takes the tone beneath (0 black to 1 white) and returns it with one more part of the face painted over
// it, at the place `q` of a face that looks straight ahead.
float paint_creases(float under, const FaceGeometry& face, Point q);
float paint_beard(float under, const Nose& nose, float density, Point q);
float paint_nostrils(float under, const Nose& nose, Point q, Brush brush);
float paint_eye(float under, Side side, const Eye& eye, float iris_tone, Point q, Brush brush);
float paint_brow(float under, const Brow& brow, float tone, Point q, Brush brush);
float paint_mouth(float under, const Mouth& mouth, float lip_tone, Point q, Brush brush);

}  // namespace fer::faces
