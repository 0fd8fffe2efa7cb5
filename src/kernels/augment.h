#pragma once

#include <cstdint>

#include "kernels/augment_math.h"

#ifdef FER_WITH_CUDA
#include <cuda_runtime_api.h>
#endif

namespace fer {

/// A batch to be made: which stored pictures, what is done to each, and what is mixed in. All pointers lie on the host,
/// or all on the device.
struct AugmentBatch {
  const std::uint8_t* images;  // [rows, height, width] of `stored`
  PictureSize stored;
  PictureSize out;              // size of the pictures made: augmented_size()
  std::int64_t size;            // B
  const std::int64_t* indices;  // [B], each in [0, rows): checked by the caller
  const AugmentDraw* draws;     // [B]

  // Mixup: sample i becomes lambdas[i] of its own picture and 1 - lambdas[i] of the partner's, each changed by its own
  // draw. All three or none.
  const std::int64_t* partners = nullptr;      // [B], each in [0, rows)
  const AugmentDraw* partner_draws = nullptr;  // [B]
  const float* lambdas = nullptr;              // [B], each in [0, 1]
};

/// Makes a training batch in one pass: picks, flips, warps, crops, changes the tone, erases, brings to [0, 1] and
/// mixes. With vectors of whatever width this processor has; the bytes are those of augment_images_plain() on all of
/// them. On the caller's thread; batches, or slices of one, can be made on several at once.
/// @param out  [B, 1, out.height, out.width] float32 in [0, 1]
void augment_images(const AugmentBatch& batch, float* out);

/// The same, a pixel at a time with the arithmetic of augment_math.h: what the vectors are held against.
void augment_images_plain(const AugmentBatch& batch, float* out);

#ifdef FER_WITH_CUDA
/// The same on device memory, queued on `stream`. @throws Error if the launch is refused.
void augment_images_cuda(const AugmentBatch& batch, float* out, cudaStream_t stream);
#endif

}  // namespace fer
