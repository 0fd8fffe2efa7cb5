#pragma once

#include <cstdint>

#ifdef FER_WITH_CUDA
#include <cuda_runtime_api.h>
#endif

namespace fer {

/// Makes a batch out of stored pictures: picks rows by index and brings bytes to [0, 1].
/// @param images   [rows, pixels] uint8
/// @param indices  [batch], each in [0, rows): checked by the caller
/// @param out      [batch, pixels] float32
void gather_images(const std::uint8_t* images, const std::int64_t* indices, std::int64_t batch, std::int64_t pixels,
                   float* out);

#ifdef FER_WITH_CUDA
/// The same on device memory, queued on `stream`. @throws Error if the launch is refused.
void gather_images_cuda(const std::uint8_t* images, const std::int64_t* indices, std::int64_t batch,
                        std::int64_t pixels, float* out, cudaStream_t stream);
#endif

}  // namespace fer
