#pragma once

#include <torch/types.h>

#include "model/model.h"

namespace fer {

/// What in pictures spoke for a class. Each map is [N, H, W] float32 on the host, from 0 to 1, of which 1 is the
/// largest of its picture; all zero where nothing spoke for it.
struct Saliency {
  torch::Tensor grad_cam;  // of the last convolution, ahead of its pool, brought to the pictures' size
  torch::Tensor gradient;  // magnitude of the class's logit's gradient by each pixel
};

/// Grad-CAM (Selvaraju et al., arXiv 1610.02391) and the gradient of the input. The score is the class's logit; the map
/// is that of the last convolution with the batch norm, the rectifier and the shortcut behind it (see LastMap); a
/// channel's weight is the mean of the gradient over all its places; what is above 0 of the weighted sum is enlarged
/// bilinearly. Nets without a convolution have a Grad-CAM of zeros. The net runs plainly, whatever its way is, in eval
/// mode, in which it stays; its parameters get no gradients. Not collective.
/// @param images   [N, 1, H, W] float32 in [0, 1], on the net's device; what Net::forward() takes
/// @param classes  [N] int64, which to explain
Saliency saliency_of(Net& net, const torch::Tensor& images, const torch::Tensor& classes);

}  // namespace fer
