#include <string>

#include "base/error.h"
#include "kernels/cross_entropy.h"

namespace fer {
namespace {

constexpr int kThreads = 64;

__global__ void cross_entropy_kernel(CrossEntropyBatch batch, float* losses, float* gradients) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < batch.samples) losses[i] = cross_entropy_of(batch, i, gradients + i * batch.classes);
}

}  // namespace

void cross_entropy_cuda(const CrossEntropyBatch& batch, float* losses, float* gradients, cudaStream_t stream) {
  if (batch.samples == 0) return;  // CUDA refuses a grid of no blocks
  const auto blocks = static_cast<unsigned>((batch.samples + kThreads - 1) / kThreads);
  cross_entropy_kernel<<<blocks, kThreads, 0, stream>>>(batch, losses, gradients);
  if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess)
    fail(std::string("launching cross entropy failed: ") + cudaGetErrorString(status));
}

}  // namespace fer
