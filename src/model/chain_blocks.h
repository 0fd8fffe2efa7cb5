#pragma once

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>

#include "kernels/bfloat16.h"

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

/// Runs blocks of pictures on torch's threads. Which thread takes which block depends on their numbers alone, and sums
/// are added up in the order of the blocks, so results do not change from run to run.
class PictureBlocks {
 public:
  PictureBlocks(std::int64_t pictures, std::int64_t per_block) : pictures_(pictures), per_block_(per_block) {}

  /// At most so many in a block, and a block for each thread.
  static PictureBlocks sharing(std::int64_t pictures, std::int64_t most) {
    const std::int64_t threads = at::get_num_threads();
    return {pictures, std::min(most, (pictures + threads - 1) / threads)};
  }

  std::int64_t count() const { return (pictures_ + per_block_ - 1) / per_block_; }

  /// Calls work(block, first picture, pictures, scratch) for all blocks.
  /// @param floats  of memory that each thread gives to its calls as `scratch`
  template <class Work>
  void run(std::size_t floats, const Work& work) const {
    at::parallel_for(0, count(), 1, [&](std::int64_t begin, std::int64_t end) {
      auto memory = at::empty({static_cast<std::int64_t>(floats) + kAlignment}, at::kFloat);
      float* scratch = aligned(memory.data_ptr<float>());
      for (auto block = begin; block < end; ++block) {
        const auto first = block * per_block_;
        work(block, first, std::min(per_block_, pictures_ - first), scratch);
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
