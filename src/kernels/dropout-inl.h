// Draws the numbers of a whole group of positions. Included once for each instruction set.
#if defined(FER_KERNELS_DROPOUT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_DROPOUT_INL_H
#undef FER_KERNELS_DROPOUT_INL_H
#else
#define FER_KERNELS_DROPOUT_INL_H
#endif

#include "kernels/dropout.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128  // which have no wide products

HWY_NOINLINE void dropout_factors(const DropoutMask& dropout, std::size_t row, std::size_t group,
                                  float (&factors)[DropoutMask::kGroup]) {
  for (std::size_t i = 0; i < DropoutMask::kGroup; ++i)
    factors[i] = dropout.keeps(row, group * DropoutMask::kGroup + i) ? dropout.factor() : 0;
}

#else

using Words = hn::Rebind<std::uint32_t, Lanes>;
using WordVec = hn::Vec<Words>;
constexpr Words kWords;

/// The halves of the products of 32-bit words.
HWY_INLINE void multiply_wide(WordVec a, WordVec b, WordVec& low, WordVec& high) {
  const hn::RepartitionToWide<Words> wide;
  const auto even = hn::MulEven(a, b);
  const auto odd = hn::MulEven(hn::BitCast(kWords, hn::ShiftRight<32>(hn::BitCast(wide, a))), b);
  low = hn::OddEven(hn::BitCast(kWords, hn::ShiftLeft<32>(odd)), hn::BitCast(kWords, even));
  high = hn::OddEven(hn::BitCast(kWords, odd), hn::BitCast(kWords, hn::ShiftRight<32>(even)));
}

/// philox4x32() of kLanes counters, whose first words follow one another.
HWY_INLINE void philox(PhiloxBlock first, PhiloxKey key, WordVec (&word)[4]) {
  word[0] = hn::Iota(kWords, first.word[0]);
  for (int i = 1; i < 4; ++i) word[i] = hn::Set(kWords, first.word[i]);
  for (int round = 0; round < kPhiloxRounds; ++round) {
    WordVec low0, high0, low1, high1;
    multiply_wide(word[0], hn::Set(kWords, kPhiloxMultiplier0), low0, high0);
    multiply_wide(word[2], hn::Set(kWords, kPhiloxMultiplier1), low1, high1);
    word[0] = hn::Xor(hn::Xor(high1, word[1]), hn::Set(kWords, key.word[0]));
    word[2] = hn::Xor(hn::Xor(high0, word[3]), hn::Set(kWords, key.word[1]));
    word[1] = low1;
    word[3] = low0;
    key.word[0] += kPhiloxKeyStep0;
    key.word[1] += kPhiloxKeyStep1;
  }
}

/// What the kept ones of a group's positions are multiplied by, and zero for the others.
HWY_NOINLINE void dropout_factors(const DropoutMask& dropout, std::size_t row, std::size_t group,
                                  float (&factors)[DropoutMask::kGroup]) {
  const auto threshold = hn::Set(kWords, dropout.threshold), half = hn::Set(kWords, 0xFFFFu);
  const Vec factor = set(dropout.factor());
  for (std::size_t lane = 0; lane < DropoutMask::kBlocks; lane += kLanes) {
    WordVec word[4];
    philox(dropout.counter(row, group, lane), dropout.key(), word);
    for (std::size_t i = 0; i < 4; ++i) {
      const auto factors_of = [&](WordVec draws) {
        return hn::BitCast(kFloats,
                           hn::And(hn::VecFromMask(kWords, hn::Lt(draws, threshold)), hn::BitCast(kWords, factor)));
      };
      store(factors_of(hn::And(word[i], half)), factors + 2 * i * DropoutMask::kBlocks + lane);
      store(factors_of(hn::ShiftRight<16>(word[i])), factors + (2 * i + 1) * DropoutMask::kBlocks + lane);
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
