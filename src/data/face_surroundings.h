#pragma once

#include "data/face_features.h"
#include "data/face_geometry.h"
#include "data/face_parameters.h"

namespace fer::faces {

// As the painters of face_features.h. `p` is a place in front of the head, `q` one on a face that looks straight ahead.
float backdrop(const Scene& scene, Point p);
float paint_neck(float under, float skin, Point p, Brush brush);
float paint_clothes(float under, float tone, Point p, Brush brush);
float paint_ears(float under, const Head& head, float skin, Point p, Brush brush);

float paint_hair_behind(float under, const Hair& hair, const Head& head, Point p, Brush brush);
float paint_fringe(float under, const Hair& hair, const Head& head, Point p, Brush brush);
float paint_glasses(float under, const Occlusion& glasses, const FaceGeometry& face, Point q, Brush brush);
float paint_strand(float under, const Occlusion& strand, float hair_tone, Point p, Brush brush);
float paint_hand(float under, const Occlusion& hand, float skin, Point p, Brush brush);

}  // namespace fer::faces
