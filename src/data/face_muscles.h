#pragma once

#include "data/face_parameters.h"

namespace fer::faces {

/// How far the parts of a face are from rest: lengths in face units, folds from 0 (smooth) to 1 (deep).
struct Muscles {
  float brow_inner_lift, brow_outer_lift, brow_pinch;  // pinch: how much nearer the brows are
  float upper_lid_lift, lower_lid_lift;
  float cheek_lift;
  float nostril_lift;
  float corner_lift, mouth_stretch, mouth_lift;     // stretch: of each half of its width
  float upper_lip_lift, lower_lip_drop, lip_swell;  // swell: gain of thickness of each lip
  float jaw_drop;
  float forehead_fold, glabella_fold, crows_feet, nose_fold, smile_fold, sad_fold, chin_fold;
};

/// Adds up what each action unit does.
Muscles contract_muscles(const Expression& expression);

}  // namespace fer::faces
