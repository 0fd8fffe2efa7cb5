#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/augment_math.h"

namespace fer {

/// How a training run changes its pictures.
struct Augmentation {
  AugmentSpec spec;
  float mixup_alpha = 0;  // of mixup's Beta(alpha, alpha); 0: no mixup

  /// The parts that are switched on, in a fixed order: parse_augmentation() of it gives the same again. "none" if none.
  std::string text() const;
};

/// Reads parts between commas, e.g. "flip,rotate=10,zoom=0.8:1.2". A preset may come first: none, light, standard or
/// strong; the parts after it override its own, and a later part an earlier one of its name. Part by part:
///
///   flip[=P]      mirror image with probability P in [0, 1], 0.5 where none is given; vflip[=P]: top for bottom
///   rotate=D      by up to D degrees, in [0, 180]
///   shift=S       by up to S of the side along each axis, in [0, 1]
///   zoom=L:H      by a factor between L and H, each in [0.1, 10]
///   shear=D       by up to D degrees, in [0, 60]
///   crop=N        to a random window of N x N pixels, in [0, 4096]
///   brightness=B  by a factor within B of 1, in [0, 1]; contrast=B likewise
///   erase=P       a black rectangle with probability P, in [0, 1]
///   mixup=A       blends pairs by Beta(A, A), in [0, 100]
///
/// A number of 0 switches a part off.
/// @throws Error (usage) that quotes the part and tells the closest name or the permitted range.
Augmentation parse_augmentation(const std::string& text);

/// @throws Error (usage) if the window is larger than the stored pictures.
void check_augmentation(const Augmentation& augmentation, PictureSize stored);

/// What a net is shown of one test picture; its answers are averaged.
enum class TestViews {
  kNone,   // the picture, or the window in its middle
  kFlip,   // this and its mirror image
  kShift,  // the same window, and it one pixel up, down, to the left and to the right; and these mirrored
  kFive,   // the windows in the four corners and in the middle: torchvision's FiveCrop
  kTen     // these, and those of the mirror image: torchvision's TenCrop
};

/// Reads none, flip, shift, five or ten. @throws Error (usage) that tells the closest name.
TestViews parse_test_views(const std::string& text);

/// Of the pixels that a window in the middle leaves out, those above or left of it, as Python rounds the half, and
/// torchvision's center_crop with it: a half goes to the even neighbour.
std::int32_t half_margin(std::int32_t margin);

/// The views of a picture, in the order in which TestViews and torchvision name them.
/// @param crop  side of the windows in pixels, that of the training run; 0: the whole picture, and then a shifted view
/// is
///              black where it leaves the picture
/// @throws Error (usage) if the window is larger than the picture, or there are to be five or ten of them without a
/// side.
std::vector<AugmentDraw> test_view_draws(TestViews views, PictureSize stored, std::int32_t crop);

}  // namespace fer
