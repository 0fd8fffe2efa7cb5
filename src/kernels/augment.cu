#include <string>

#include "base/error.h"
#include "kernels/augment.h"

namespace fer {
namespace {

constexpr int kThreadsPerBlock = 256;

/// The sum of a picture's bytes, by all threads of a block. In integers, so that their order does not matter.
__device__ std::uint32_t block_sum_of_bytes(const std::uint8_t* picture, PictureSize size) {
  __shared__ std::uint32_t sum;
  __syncthreads();  // an earlier sum has been read by all
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  std::uint32_t own = 0;
  for (std::int32_t i = static_cast<std::int32_t>(threadIdx.x); i < size.height * size.width; i += kThreadsPerBlock)
    own += picture[i];
  atomicAdd(&sum, own);
  __syncthreads();
  return sum;
}

/// A stored picture and what is done to it.
struct Term {
  const std::uint8_t* picture;
  AugmentDraw draw;
  float offset;
};

/// Called by all threads of a block together.
__device__ Term term_of(const AugmentBatch& batch, std::int64_t index, const AugmentDraw& draw) {
  const std::uint8_t* picture = batch.images + index * batch.stored.height * batch.stored.width;
  const std::uint32_t sum = draw.mean_share == 0.0F ? 0 : block_sum_of_bytes(picture, batch.stored);
  return {picture, draw, tone_offset(draw, sum, batch.stored)};
}

__device__ float pixel_of(const Term& term, PictureSize stored, std::int32_t x, std::int32_t y) {
  return augmented_pixel(term.picture, stored, term.draw, term.offset, x, y);
}

/// One block makes one picture, a thread one pixel at a time.
__global__ void augment_kernel(AugmentBatch batch, float* out) {
  const std::int64_t sample = blockIdx.x;
  const std::int32_t width = batch.out.width, pixels = batch.out.height * width;
  const bool mixed = batch.partners != nullptr;
  const Term own = term_of(batch, batch.indices[sample], batch.draws[sample]);
  const Term partner = mixed ? term_of(batch, batch.partners[sample], batch.partner_draws[sample]) : own;
  for (std::int32_t i = static_cast<std::int32_t>(threadIdx.x); i < pixels; i += kThreadsPerBlock) {
    const std::int32_t x = i % width, y = i / width;
    const float value = pixel_of(own, batch.stored, x, y);
    out[sample * pixels + i] =
        mixed ? blended(value, pixel_of(partner, batch.stored, x, y), batch.lambdas[sample]) : value;
  }
}

}  // namespace

void augment_images_cuda(const AugmentBatch& batch, float* out, cudaStream_t stream) {
  if (batch.size == 0) return;  // CUDA refuses a grid of no blocks
  augment_kernel<<<static_cast<unsigned>(batch.size), kThreadsPerBlock, 0, stream>>>(batch, out);
  if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess)
    fail(std::string("launching augment_images failed: ") + cudaGetErrorString(status));
}

}  // namespace fer
