// Vectors of floats, and how maps are read into them. Included once for each instruction set.
#if defined(FER_KERNELS_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_SIMD_INL_H
#undef FER_KERNELS_SIMD_INL_H
#else
#define FER_KERNELS_SIMD_INL_H
#endif

#include <hwy/highway.h>

#include <limits>

#include "kernels/bfloat16.h"

/// A loop whose counters index arrays of vectors: unless it is unrolled, the vectors cannot stay in registers.
#define FER_UNROLL _Pragma("GCC unroll 16")

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<float, 16>;
using Vec = hn::Vec<Lanes>;
constexpr Lanes kFloats;
constexpr std::size_t kLanes = hn::MaxLanes(kFloats);

HWY_INLINE Vec set(float value) {
  return hn::Set(kFloats, value);
}

HWY_INLINE Vec zero() {
  return hn::Zero(kFloats);
}

HWY_INLINE Vec load(const float* from) {
  return hn::LoadU(kFloats, from);
}

HWY_INLINE Vec load(const Bfloat16* from) {
  const hn::Rebind<std::uint16_t, Lanes> halves;
  const hn::Rebind<std::uint32_t, Lanes> words;
  return hn::BitCast(kFloats, hn::ShiftLeft<16>(hn::PromoteTo(words, hn::LoadU(halves, &from->bits))));
}

HWY_INLINE void store(Vec value, float* to) {
  hn::StoreU(value, kFloats, to);
}

/// Rounds to the nearest, ties to the even one.
HWY_INLINE void store(Vec value, Bfloat16* to) {
  const hn::Rebind<std::uint16_t, Lanes> halves;
  const hn::Rebind<std::uint32_t, Lanes> words;
  const auto bits = hn::BitCast(words, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1u));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(words, 0x7FFFu)));
  hn::StoreU(hn::TruncateTo(halves, hn::ShiftRight<16>(rounded)), halves, &to->bits);
}

HWY_INLINE Vec load_bytes(const std::uint8_t* from) {
  const hn::Rebind<std::uint8_t, Lanes> bytes;
  const hn::Rebind<std::int32_t, Lanes> words;
  return hn::ConvertTo(kFloats, hn::PromoteTo(words, hn::LoadU(bytes, from)));
}

HWY_INLINE void store_bytes(Vec whole_numbers, std::uint8_t* to) {
  const hn::Rebind<std::uint8_t, Lanes> bytes;
  const hn::Rebind<std::int32_t, Lanes> words;
  hn::StoreU(hn::DemoteTo(bytes, hn::ConvertTo(words, whole_numbers)), bytes, to);
}

HWY_INLINE Vec least_output(bool rectified) {
  return rectified ? zero() : set(-std::numeric_limits<float>::infinity());
}

/// The larger of both. Of these two orders x86 has one that keeps a value which is no number: it must not vanish here,
/// since a run is to stop for it.
HWY_INLINE Vec rectify(Vec value, Vec least) {
  return hn::Max(least, value);
}

HWY_INLINE void add_to(float* sums, Vec terms) {
  store(hn::Add(load(sums), terms), sums);
}

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
