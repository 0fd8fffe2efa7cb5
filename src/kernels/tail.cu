#include <string>

#include "base/error.h"
#include "kernels/tail.h"

namespace fer {
namespace {

constexpr int kThreads = 256;
// Sums: a block takes a stripe of channels and a chunk of rows.
constexpr int kStripe = 32;
constexpr int kRowsAtOnce = 8;
constexpr std::int64_t kRowsPerChunk = 512;

void check_launch(const char* what) {
  if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess)
    fail(std::string("launching ") + what + " failed: " + cudaGetErrorString(status));
}

unsigned blocks_for(std::int64_t threads) {
  return static_cast<unsigned>((threads + kThreads - 1) / kThreads);
}

std::int64_t chunks_of(std::int64_t rows) {
  return (rows + kRowsPerChunk - 1) / kRowsPerChunk;
}

__device__ std::int64_t thread_index() {
  return static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
}

/// @param partial  [chunks, 2, channels]
template <class Terms>
__global__ void sum_chunks(Terms terms, std::int64_t rows, std::int64_t channels, float* partial) {
  __shared__ float first[kRowsAtOnce][kStripe], second[kRowsAtOnce][kStripe];
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.y) * kStripe + threadIdx.x;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.x) * kRowsPerChunk;
  const std::int64_t end = begin + kRowsPerChunk < rows ? begin + kRowsPerChunk : rows;
  float sum = 0, other = 0;
  if (channel < channels)
    for (std::int64_t row = begin + threadIdx.y; row < end; row += kRowsAtOnce) terms(row, channel, sum, other);
  first[threadIdx.y][threadIdx.x] = sum;
  second[threadIdx.y][threadIdx.x] = other;
  __syncthreads();
  if (threadIdx.y != 0 || channel >= channels) return;
  for (int i = 1; i < kRowsAtOnce; ++i) {
    sum += first[i][threadIdx.x];
    other += second[i][threadIdx.x];
  }
  float* mine = partial + static_cast<std::int64_t>(blockIdx.x) * 2 * channels;
  mine[channel] = sum;
  mine[channels + channel] = other;
}

/// In the chunks' order, so that the sum is the same each time.
__global__ void sum_partials(const float* partial, std::int64_t chunks, std::int64_t channels, double count,
                             double* sums) {
  const std::int64_t i = thread_index();
  if (i == 0) sums[2 * channels] = count;
  if (i >= 2 * channels) return;
  double sum = 0;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[chunk * 2 * channels + i];
  sums[i] = sum;
}

template <class Terms>
void add_up(const Terms& terms, std::int64_t rows, std::int64_t channels, std::int64_t count, double* sums,
            float* scratch, cudaStream_t stream) {
  const std::int64_t chunks = chunks_of(rows);
  if (chunks > 0) {
    // Only along x there may be more than 65,535 blocks.
    const dim3 grid(static_cast<unsigned>(chunks), static_cast<unsigned>((channels + kStripe - 1) / kStripe));
    sum_chunks<<<grid, dim3(kStripe, kRowsAtOnce), 0, stream>>>(terms, rows, channels, scratch);
    check_launch("the sums of channels");
  }
  sum_partials<<<blocks_for(2 * channels), kThreads, 0, stream>>>(scratch, chunks, channels, static_cast<double>(count),
                                                                  sums);
  check_launch("the sums of chunks");
}

template <class T>
struct Moments {
  Tail<T> tail;
  __device__ void operator()(std::int64_t row, std::int64_t channel, float& sum, float& square) const {
    const float value = value_of(tail.raw[row * tail.channels + channel]);
    sum += value;
    square += value * value;
  }
};

template <class T>
struct GradientTerms {
  Tail<T> tail;
  TailGradient<T> back;
  __device__ void operator()(std::int64_t row, std::int64_t channel, float& sum, float& tilted) const {
    const PassedBack passed = passed_back(tail, back, row, channel);
    sum += passed.gradient;
    tilted += passed.gradient * passed.centred;
  }
};

__global__ void finish_kernel(NormVectors norm, const double* sums, std::int64_t channels) {
  const std::int64_t channel = thread_index();
  if (channel < channels) finish_norm(norm, sums, channels, channel);
}

template <class T>
__global__ void forward_kernel(Tail<T> tail, T* out, std::uint8_t* argmax) {
  const std::int64_t i = thread_index();
  if (i >= tail.out_rows() * tail.channels) return;
  const TailOutput output = tail_output(tail, i / tail.channels, i % tail.channels);
  put(out[i], output.value);
  if (argmax != nullptr) argmax[i] = output.which;
}

template <class T>
__global__ void backward_kernel(Tail<T> tail, TailGradient<T> back, const double* sums, T* out) {
  const std::int64_t i = thread_index();
  if (i >= tail.rows() * tail.channels) return;
  put(out[i], tail_input_gradient(tail, back, sums, i / tail.channels, i % tail.channels));
}

template <class T>
__global__ void drop_kernel(DropoutMask mask, const std::uint32_t* step, std::int64_t rows, std::int64_t size,
                            const T* in, T* out) {
  const std::int64_t i = thread_index();
  if (i >= rows * size) return;
  if (step != nullptr) mask.step = *step;
  const bool keeps = mask.keeps(static_cast<std::size_t>(i / size), static_cast<std::size_t>(i % size));
  put(out[i], keeps ? value_of(in[i]) * mask.factor() : 0);
}

}  // namespace

std::int64_t tail_scratch_size(std::int64_t rows, std::int64_t channels) {
  return 2 * channels * chunks_of(rows);
}

template <class T>
void tail_moments_cuda(const Tail<T>& tail, double* sums, float* scratch, cudaStream_t stream) {
  add_up(Moments<T>{tail}, tail.rows(), tail.channels, tail.rows(), sums, scratch, stream);
}

void finish_norms_cuda(const NormVectors& norm, const double* sums, std::int64_t channels, cudaStream_t stream) {
  finish_kernel<<<blocks_for(channels), kThreads, 0, stream>>>(norm, sums, channels);
  check_launch("the end of a batch norm's statistics");
}

// CUDA refuses a grid of no blocks.
template <class T>
void tail_forward_cuda(const Tail<T>& tail, T* out, std::uint8_t* argmax, cudaStream_t stream) {
  if (tail.out_rows() == 0) return;
  forward_kernel<<<blocks_for(tail.out_rows() * tail.channels), kThreads, 0, stream>>>(tail, out, argmax);
  check_launch("a batch norm");
}

template <class T>
void tail_gradient_sums_cuda(const Tail<T>& tail, const TailGradient<T>& back, double* sums, float* scratch,
                             cudaStream_t stream) {
  add_up(GradientTerms<T>{tail, back}, tail.out_rows(), tail.channels, tail.rows(), sums, scratch, stream);
}

template <class T>
void tail_backward_cuda(const Tail<T>& tail, const TailGradient<T>& back, const double* sums, T* out,
                        cudaStream_t stream) {
  if (tail.rows() == 0) return;
  backward_kernel<<<blocks_for(tail.rows() * tail.channels), kThreads, 0, stream>>>(tail, back, sums, out);
  check_launch("the gradient of a batch norm");
}

template <class T>
void drop_cuda(const DropoutMask& mask, const std::uint32_t* step, std::int64_t rows, std::int64_t size, const T* in,
               T* out, cudaStream_t stream) {
  if (rows * size == 0) return;
  drop_kernel<<<blocks_for(rows * size), kThreads, 0, stream>>>(mask, step, rows, size, in, out);
  check_launch("dropout");
}

#define FER_INSTANTIATE(T)                                                                                      \
  template void tail_moments_cuda(const Tail<T>&, double*, float*, cudaStream_t);                               \
  template void tail_forward_cuda(const Tail<T>&, T*, std::uint8_t*, cudaStream_t);                             \
  template void tail_gradient_sums_cuda(const Tail<T>&, const TailGradient<T>&, double*, float*, cudaStream_t); \
  template void tail_backward_cuda(const Tail<T>&, const TailGradient<T>&, const double*, T*, cudaStream_t);    \
  template void drop_cuda(const DropoutMask&, const std::uint32_t*, std::int64_t, std::int64_t, const T*, T*,   \
                          cudaStream_t);
FER_INSTANTIATE(float)
FER_INSTANTIATE(Bfloat16)
#undef FER_INSTANTIATE

}  // namespace fer
