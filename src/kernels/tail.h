#pragma once

#include "kernels/tail_math.h"

#ifdef FER_WITH_CUDA
#include <cuda_runtime_api.h>
#endif

// The passes of a tail over memory: two forward, two back. T is float or Bfloat16. All pointers lie on the host, or all
// on the device. Sums are [2 * channels + 1], as tail_math.h has them; added in a fixed order, so that they repeat.

namespace fer {

/// Values and squares of what the norm is given.
template <class T>
void tail_moments(const Tail<T>& tail, double* sums);
/// From sums, perhaps of several ranks, to scale and shift; takes the batch into the running statistics.
void finish_norms(const NormVectors& norm, const double* sums, std::int64_t channels);
/// @param out, argmax  [out_rows, channels]; `argmax` null without a pool
template <class T>
void tail_forward(const Tail<T>& tail, T* out, std::uint8_t* argmax);
/// What passes back, and that times the centred maps.
template <class T>
void tail_gradient_sums(const Tail<T>& tail, const TailGradient<T>& back, double* sums);
/// @param out  [rows, channels]
template <class T>
void tail_backward(const Tail<T>& tail, const TailGradient<T>& back, const double* sums, T* out);

#ifdef FER_WITH_CUDA
/// Floats of device memory that sums want to work in.
std::int64_t tail_scratch_size(std::int64_t rows, std::int64_t channels);

// The same, queued on `stream`. @throws Error if a launch is refused.
template <class T>
void tail_moments_cuda(const Tail<T>& tail, double* sums, float* scratch, cudaStream_t stream);
void finish_norms_cuda(const NormVectors& norm, const double* sums, std::int64_t channels, cudaStream_t stream);
template <class T>
void tail_forward_cuda(const Tail<T>& tail, T* out, std::uint8_t* argmax, cudaStream_t stream);
template <class T>
void tail_gradient_sums_cuda(const Tail<T>& tail, const TailGradient<T>& back, double* sums, float* scratch,
                             cudaStream_t stream);
template <class T>
void tail_backward_cuda(const Tail<T>& tail, const TailGradient<T>& back, const double* sums, T* out,
                        cudaStream_t stream);

/// What dropout alone makes of maps: out = in * factor, or 0. @param in, out  [rows, size]; may be the same
template <class T>
void drop_cuda(const DropoutMask& mask, const std::uint32_t* step, std::int64_t rows, std::int64_t size, const T* in,
               T* out, cudaStream_t stream);
#endif

}  // namespace fer
