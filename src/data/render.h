#pragma once

#include <torch/types.h>

#include <span>

#include "kernels/augment_math.h"

namespace fer {

/// What mixup blends into a batch: sample i with the rows and draws of sample i + 1.
struct Blend {
  torch::Tensor own_shares;  // [B] float32 on the host, each in [0, 1]; undefined: nothing is blended
};

/// Makes a float batch of stored pictures, each by its draw: threads on the host, a kernel on a GPU. The device is that
/// of `images`.
/// @param images  [N, H, W] uint8
/// @param rows    [B] in [0, N), or [B + 1] with a blend
/// @param draws   as many
/// @return [B, 1, out.height, out.width] float32 in [0, 1]
torch::Tensor render_pictures(const torch::Tensor& images, std::span<const std::int64_t> rows,
                              std::span<const AugmentDraw> draws, PictureSize out, const Blend& blend = {});

/// The size of pictures [N, H, W].
PictureSize picture_size_of(const torch::Tensor& images);

}  // namespace fer
