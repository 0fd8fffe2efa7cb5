// Products of matrices that fit into the cache. Included once for each instruction set.
#if defined(FER_KERNELS_PRODUCTS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FER_KERNELS_PRODUCTS_INL_H
#undef FER_KERNELS_PRODUCTS_INL_H
#else
#define FER_KERNELS_PRODUCTS_INL_H
#endif

#include <cstddef>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

/// product[row][column] = sum over k of left[k * left_step + row * left_row] * right[k * right_step + column], for
/// kRows rows and kVectors vectors of columns; or is added to, if kAdds.
template <std::size_t kRows, std::size_t kVectors, bool kAdds>
HWY_NOINLINE void multiply(const float* HWY_RESTRICT left, std::size_t left_row, std::size_t left_step,
                           const float* HWY_RESTRICT right, std::size_t right_step, std::size_t depth,
                           float* HWY_RESTRICT product, std::size_t product_row) {
  // Rows by threes: an address may add one or two strides to a base, but not more.
  constexpr std::size_t kBases = (kRows + 2) / 3;
  const float* base[kBases];
  FER_UNROLL for (std::size_t i = 0; i < kBases; ++i) base[i] = left + 3 * i * left_row;
  Vec sums[kRows][kVectors];
  FER_UNROLL for (std::size_t i = 0; i < kRows; ++i) FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] =
      kAdds ? load(product + i * product_row + v * kLanes) : zero();
  for (std::size_t k = 0; k < depth; ++k) {
    Vec columns[kVectors];
    FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v) columns[v] = load(right + v * kLanes);
    FER_UNROLL for (std::size_t i = 0; i < kRows; ++i) {
      const Vec value = set(base[i / 3][i % 3 * left_row]);
      FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(value, columns[v], sums[i][v]);
    }
    FER_UNROLL for (std::size_t i = 0; i < kBases; ++i) base[i] += left_step;
    right += right_step;
  }
  FER_UNROLL for (std::size_t i = 0; i < kRows; ++i) FER_UNROLL for (std::size_t v = 0; v < kVectors; ++v)
      store(sums[i][v], product + i * product_row + v * kLanes);
}

// Accumulators fill the registers: 32 of them from AVX-512 on, else 16.
constexpr bool kManyRegisters = HWY_TARGET <= HWY_AVX3;
constexpr std::size_t kPatchRows = kManyRegisters ? 12 : 6;  // patches that multiply() takes at a time
constexpr std::size_t kFilterRows = kManyRegisters ? 8 : 4;  // and filters, for their gradient
constexpr std::size_t kPanel = 2 * kLanes;                   // columns

/// Calls visit(first, columns) for panels of columns, all kPanel wide but perhaps the last.
template <class Visit>
HWY_INLINE void for_each_panel(std::size_t columns, const Visit& visit) {
  for (std::size_t first = 0; first < columns; first += kPanel) visit(first, HWY_MIN(kPanel, columns - first));
}

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#endif
