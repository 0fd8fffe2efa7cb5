#include "data/face_muscles.h"

#include <array>

namespace fer::faces {
namespace {

using enum ActionUnit;

/// What one action unit at full strength does to one part of the face.
struct Pull {
  ActionUnit unit;
  float Muscles::*part;
  float amount;
};

constexpr auto kPulls = std::to_array<Pull>({
    {kInnerBrowRaiser, &Muscles::brow_inner_lift, 0.200f},
    {kInnerBrowRaiser, &Muscles::forehead_fold, 0.5f},

    {kOuterBrowRaiser, &Muscles::brow_outer_lift, 0.190f},
    {kOuterBrowRaiser, &Muscles::brow_inner_lift, 0.020f},
    {kOuterBrowRaiser, &Muscles::forehead_fold, 0.5f},

    {kBrowLowerer, &Muscles::brow_inner_lift, -0.150f},
    {kBrowLowerer, &Muscles::brow_outer_lift, -0.035f},
    {kBrowLowerer, &Muscles::brow_pinch, 0.060f},
    {kBrowLowerer, &Muscles::glabella_fold, 1.0f},

    {kUpperLidRaiser, &Muscles::upper_lid_lift, 0.090f},

    {kCheekRaiser, &Muscles::lower_lid_lift, 0.030f},
    {kCheekRaiser, &Muscles::upper_lid_lift, -0.015f},
    {kCheekRaiser, &Muscles::cheek_lift, 0.070f},
    {kCheekRaiser, &Muscles::crows_feet, 1.0f},

    {kLidTightener, &Muscles::lower_lid_lift, 0.025f},
    {kLidTightener, &Muscles::upper_lid_lift, -0.030f},

    {kNoseWrinkler, &Muscles::nose_fold, 1.0f},
    {kNoseWrinkler, &Muscles::nostril_lift, 0.050f},
    {kNoseWrinkler, &Muscles::brow_inner_lift, -0.070f},
    {kNoseWrinkler, &Muscles::lower_lid_lift, 0.020f},
    {kNoseWrinkler, &Muscles::upper_lid_lift, -0.015f},
    {kNoseWrinkler, &Muscles::mouth_lift, 0.030f},
    {kNoseWrinkler, &Muscles::smile_fold, 0.5f},

    {kUpperLipRaiser, &Muscles::upper_lip_lift, 0.075f},
    {kUpperLipRaiser, &Muscles::smile_fold, 0.5f},

    {kLipCornerPuller, &Muscles::corner_lift, 0.220f},
    {kLipCornerPuller, &Muscles::mouth_stretch, 0.110f},
    {kLipCornerPuller, &Muscles::lip_swell, -0.012f},
    {kLipCornerPuller, &Muscles::cheek_lift, 0.040f},
    {kLipCornerPuller, &Muscles::smile_fold, 0.9f},

    {kLipCornerDepressor, &Muscles::corner_lift, -0.180f},
    {kLipCornerDepressor, &Muscles::sad_fold, 1.0f},

    {kLowerLipDepressor, &Muscles::lower_lip_drop, 0.110f},

    {kChinRaiser, &Muscles::mouth_lift, 0.030f},
    {kChinRaiser, &Muscles::lip_swell, 0.010f},
    {kChinRaiser, &Muscles::corner_lift, -0.020f},
    {kChinRaiser, &Muscles::chin_fold, 1.0f},

    {kLipStretcher, &Muscles::mouth_stretch, 0.130f},
    {kLipStretcher, &Muscles::corner_lift, -0.030f},
    {kLipStretcher, &Muscles::lip_swell, -0.010f},

    {kLipTightener, &Muscles::lip_swell, -0.045f},
    {kLipTightener, &Muscles::mouth_stretch, -0.030f},

    {kLipsPart, &Muscles::upper_lip_lift, 0.035f},
    {kLipsPart, &Muscles::lower_lip_drop, 0.110f},

    {kJawDrop, &Muscles::jaw_drop, 0.220f},
    {kJawDrop, &Muscles::upper_lip_lift, 0.030f},
    {kJawDrop, &Muscles::lower_lip_drop, 0.310f},
    {kJawDrop, &Muscles::mouth_stretch, -0.090f},
    {kJawDrop, &Muscles::corner_lift, -0.110f},  // the corners end up halfway between the lips
});

}  // namespace

Muscles contract_muscles(const Expression& expression) {
  Muscles muscles{};
  for (const Pull& pull : kPulls) muscles.*pull.part += expression[pull.unit] * pull.amount;
  return muscles;
}

}  // namespace fer::faces
