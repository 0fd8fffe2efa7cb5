#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/host_device.h"

namespace fer {

/// 128 bits as four words: a counter that goes in, or random bits that come out. A plain array inside a struct, because
/// the members of std::array are no device functions.
struct PhiloxBlock {
  std::uint32_t word[4];
};

struct PhiloxKey {
  std::uint32_t word[2];
};

constexpr int kPhiloxRounds = 10;
constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53u;
constexpr std::uint32_t kPhiloxMultiplier1 = 0xCD9E8D57u;
constexpr std::uint32_t kPhiloxKeyStep0 = 0x9E3779B9u;  // golden ratio
constexpr std::uint32_t kPhiloxKeyStep1 = 0xBB67AE85u;  // sqrt(3) - 1

/// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC'11): a bijection of the counter
/// under each key, so any thread can compute any block without the ones before it.
/// @return four independent words, each uniform over 32 bits.
FER_HOST_DEVICE inline PhiloxBlock philox4x32(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kPhiloxMultiplier0} * counter.word[0];
    const std::uint64_t product1 = std::uint64_t{kPhiloxMultiplier1} * counter.word[2];
    counter = {{static_cast<std::uint32_t>(product1 >> 32) ^ counter.word[1] ^ key.word[0],
                static_cast<std::uint32_t>(product1),
                static_cast<std::uint32_t>(product0 >> 32) ^ counter.word[3] ^ key.word[1],
                static_cast<std::uint32_t>(product0)}};
    key.word[0] += kPhiloxKeyStep0;
    key.word[1] += kPhiloxKeyStep1;
  }
  return counter;
}

/// The random numbers of one sample, in a fixed order. Two streams with the same (seed, stream, index) give the same
/// draws on every rank and thread; under one seed no two (stream, index) ever meet. Holds 2^34 words.
class PhiloxStream {
 public:
  /// @param seed    the run's or the dataset's.
  /// @param stream  the purpose: two uses of one seed differ in it.
  /// @param index   the sample.
  FER_HOST_DEVICE PhiloxStream(std::uint64_t seed, std::uint32_t stream, std::uint64_t index)
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
        counter_{{0, stream, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32)}} {}

  /// 32 uniform bits. Each of the other draws takes one word, but normal(), which takes two.
  FER_HOST_DEVICE std::uint32_t bits() {
    if (used_ == kWordsPerBlock) {
      block_ = philox4x32(counter_, key_);
      ++counter_.word[0];
      used_ = 0;
    }
    return block_.word[used_++];
  }

  /// Uniform in [0, 1), a multiple of 2^-24: the top bits, as many as a float holds.
  FER_HOST_DEVICE float uniform() { return static_cast<float>(bits() >> 8) * kTwoToMinus24; }

  /// Normal with mean 0 and deviation 1, by Box and Muller. Host and device agree up to rounding in log and cos.
  FER_HOST_DEVICE float normal() {
    constexpr float kTwoPi = 6.2831853f;
    const float radius_draw = static_cast<float>((bits() >> 8) + 1) * kTwoToMinus24;  // (0, 1]: its logarithm is finite
    const float angle = kTwoPi * uniform();
    return std::sqrt(-2.0f * std::log(radius_draw)) * std::cos(angle);
  }

  /// Uniform in [0, n), n > 0, by the high word of a product; no value is favoured by more than n / 2^32.
  FER_HOST_DEVICE std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(bits()) * n) >> 32);
  }

 private:
  static constexpr int kWordsPerBlock = 4;
  static constexpr float kTwoToMinus24 = 1.0f / 16777216.0f;

  PhiloxKey key_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  int used_ = kWordsPerBlock;
};

}  // namespace fer
