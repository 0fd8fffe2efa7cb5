#pragma once

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>

#include "base/threads.h"
#include "kernels/bfloat16.h"
#include "kernels/convolution.h"

namespace fer {

/// How maps of T are told to torch.
template <class T>
constexpr at::ScalarType kMapType = at::kFloat;
template <>
constexpr at::ScalarType kMapType<Bfloat16> = at::kBFloat16;

/// A picture's part of [N, ...], whatever torch calls its type; null of what is not there.
template <class T>
T* part(at::Tensor& all, std::int64_t picture) {
  return all.defined() ? static_cast<T*>(all.mutable_data_ptr()) + picture * (all.numel() / all.size(0)) : nullptr;
}
template <class T>
const T* const_part(const at::Tensor& all, std::int64_t picture) {
  return all.defined() ? static_cast<const T*>(all.const_data_ptr()) + picture * (all.numel() / all.size(0)) : nullptr;
}

/// Some pictures of a batch that one call works on.
struct PictureBlock {
  std::int64_t index;  // among the blocks
  std::int64_t first;  // picture
  std::int64_t count;  // of pictures
  float* scratch;
  int thread;
};

/// Runs blocks of pictures on torch's threads. Which thread takes which block depends on their numbers alone, and sums
/// are added up in the order of the blocks, or of the threads, so results do not change from run to run.
class PictureBlocks {
 public:
  PictureBlocks(std::int64_t pictures, std::int64_t per_block) : pictures_(pictures), per_block_(per_block) {}

  /// At most so many in a block, and a block for each thread.
  static PictureBlocks sharing(std::int64_t pictures, std::int64_t most) {
    const std::int64_t threads = at::get_num_threads();
    return {pictures, std::min(most, (pictures + threads - 1) / threads)};
  }

  std::int64_t count() const { return (pictures_ + per_block_ - 1) / per_block_; }
  /// How many threads there are work for.
  std::int64_t threads() const { return std::min<std::int64_t>(count(), at::get_num_threads()); }

  /// Calls work(PictureBlock) for all blocks.
  /// @param floats  of memory that each thread gives to its calls as `scratch`
  template <class Work>
  void run(std::size_t floats, const Work& work) const {
    const auto size = (static_cast<std::int64_t>(floats) + kAlignment - 1) / kAlignment * kAlignment;
    auto memory = at::empty({threads() * size + kAlignment}, at::kFloat);
    float* scratch = aligned(memory.data_ptr<float>());
    parallel_for(static_cast<int>(threads()), count(), [&](std::int64_t begin, std::int64_t end, int thread) {
      for (auto index = begin; index < end; ++index) {
        const auto first = index * per_block_;
        work(PictureBlock{index, first, std::min(per_block_, pictures_ - first), scratch + thread * size, thread});
      }
    });
  }

 private:
  static constexpr std::int64_t kAlignment = 16;  // floats in a line of the cache

  static float* aligned(float* memory) {
    constexpr std::uintptr_t kBytes = kAlignment * sizeof(float);
    return reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(memory) + kBytes - 1) / kBytes * kBytes);
  }

  std::int64_t pictures_;
  std::int64_t per_block_;
};

/// Calls work(Slice) for as many slices as there are threads.
template <class Work>
void run_slices(const Work& work) {
  const int threads = at::get_num_threads();
  run_on_threads(threads, [&](int thread) { work(Slice{thread, threads}); });
}

/// Pairs of sums per channel, which each block has for its own.
class BlockSums {
 public:
  BlockSums(std::int64_t blocks, std::int64_t channels) : sums_(at::zeros({blocks, 2, channels}, at::kFloat)) {}

  float* first(std::int64_t block) { return sums_.data_ptr<float>() + 2 * block * channels(); }
  float* second(std::int64_t block) { return first(block) + channels(); }
  /// [2, channels] double
  at::Tensor total() const { return sums_.sum(0, /*keepdim=*/false, at::kDouble); }

 private:
  std::int64_t channels() const { return sums_.size(2); }

  at::Tensor sums_;
};

}  // namespace fer
