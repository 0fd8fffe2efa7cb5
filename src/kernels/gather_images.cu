#include <algorithm>
#include <string>

#include "base/error.h"
#include "kernels/gather_images.h"
#include "kernels/gather_math.h"

namespace fer {
namespace {

constexpr int kThreadsPerBlock = 256;
constexpr std::int64_t kMaxBlocks = 4096;

__global__ void gather_kernel(const std::uint8_t* images, const std::int64_t* indices, std::int64_t elements,
                              std::int64_t pixels, float* out) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < elements; i += stride)
    out[i] = gathered_pixel(images, indices, pixels, i);
}

}  // namespace

void gather_images_cuda(const std::uint8_t* images, const std::int64_t* indices, std::int64_t batch,
                        std::int64_t pixels, float* out, cudaStream_t stream) {
  const std::int64_t elements = batch * pixels;
  if (elements == 0) return;  // CUDA refuses a grid of no blocks
  const std::int64_t blocks = std::min((elements + kThreadsPerBlock - 1) / kThreadsPerBlock, kMaxBlocks);
  gather_kernel<<<static_cast<unsigned>(blocks), kThreadsPerBlock, 0, stream>>>(images, indices, elements, pixels, out);
  if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess)
    fail(std::string("launching gather_images failed: ") + cudaGetErrorString(status));
}

}  // namespace fer
