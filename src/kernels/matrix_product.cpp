#include "kernels/matrix_product.h"

#include <algorithm>

#include "kernels/instruction_sets.h"

// Highway includes this file once more for each of them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/matrix_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/products-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

constexpr std::size_t kDepth = 256;  // so much of a panel at a time, which then stays in the first cache

/// packed[k][column] = right(k, first + column), zeros behind the last column.
HWY_INLINE void pack(const MatrixView& right, std::size_t depth, std::size_t columns, float* packed) {
  const hn::RebindToSigned<Lanes> whole;
  const auto next_column = hn::Mul(hn::Iota(whole, 0), hn::Set(whole, static_cast<std::int32_t>(right.column)));
  for (std::size_t k = 0; k < depth; ++k) {
    const float* from = right.values + k * right.row;
    float* to = packed + k * kPanel;
    if (columns < kPanel) {
      for (std::size_t column = 0; column < kPanel; ++column)
        to[column] = column < columns ? from[column * right.column] : 0;
    } else {
      for (std::size_t column = 0; column < kPanel; column += kLanes)
        store(right.column == 1 ? load(from + column)
                                : hn::GatherIndex(kFloats, from + column * right.column, next_column),
              to + column);
    }
  }
}

template <bool kAdds>
HWY_INLINE void multiply_rows(std::size_t rows, const MatrixView& left, const float* packed, std::size_t depth,
                              float* product, std::size_t product_row) {
  std::size_t row = 0;
  const auto take = [&]<std::size_t kRows>() {
    for (; row + kRows <= rows; row += kRows)
      multiply<kRows, 2, kAdds>(left.values + row * left.row, left.row, left.column, packed, kPanel, depth,
                                product + row * product_row, product_row);
  };
  take.template operator()<kPatchRows>();
  take.template operator()<4>();
  take.template operator()<1>();
}

/// A panel of at most kPanel columns.
HWY_INLINE void multiply_by_panel(std::size_t rows, std::size_t columns, std::size_t depth, const MatrixView& left,
                                  const MatrixView& right, float* product, std::size_t product_row, float* packed) {
  for (std::size_t first = 0; first < depth; first += kDepth) {
    const std::size_t some = HWY_MIN(kDepth, depth - first);
    pack({right.values + first * right.row, right.row, right.column}, some, columns, packed);
    const MatrixView own_left{left.values + first * left.column, left.row, left.column};
    const auto multiply_some = first == 0 ? multiply_rows<false> : multiply_rows<true>;
    multiply_some(rows, own_left, packed, some, product, product_row);
  }
}

void product(std::size_t all_rows, std::size_t all_columns, std::size_t depth, const MatrixView& left,
             const MatrixView& right, float* product, float* scratch, Slice slice) {
  // The longer side is cut: then less is read twice.
  const Slice of_rows = all_rows > all_columns ? slice : Slice(), of_columns = all_rows > all_columns ? Slice() : slice;
  const std::size_t first_row = of_rows.begin(all_rows, kPatchRows), end_row = of_rows.end(all_rows, kPatchRows);
  const std::size_t end_column = of_columns.end(all_columns, kPanel), rows = end_row - first_row;
  const MatrixView own_left{left.values + first_row * left.row, left.row, left.column};
  float *packed = scratch, *whole_panel = scratch + kDepth * kPanel;
  for (std::size_t first = of_columns.begin(all_columns, kPanel); first < end_column; first += kPanel) {
    const std::size_t columns = HWY_MIN(kPanel, all_columns - first);
    const MatrixView own_right{right.values + first * right.column, right.row, right.column};
    float* own_product = product + first_row * all_columns + first;
    if (columns == kPanel) {
      multiply_by_panel(rows, columns, depth, own_left, own_right, own_product, all_columns, packed);
      continue;
    }
    multiply_by_panel(rows, columns, depth, own_left, own_right, whole_panel, kPanel, packed);
    for (std::size_t row = 0; row < rows; ++row)
      std::copy_n(whole_panel + row * kPanel, columns, own_product + row * all_columns);
  }
}

std::size_t scratch_floats(std::size_t rows) {
  return (kDepth + rows) * kPanel;
}

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fer {

HWY_EXPORT(product);
HWY_EXPORT(scratch_floats);

std::size_t matrix_product_scratch(std::size_t rows) {
  return HWY_DYNAMIC_DISPATCH(scratch_floats)(rows);
}

void multiply_matrices(std::size_t rows, std::size_t columns, std::size_t depth, const MatrixView& left,
                       const MatrixView& right, float* product, float* scratch, Slice slice) {
  HWY_DYNAMIC_DISPATCH(product)(rows, columns, depth, left, right, product, scratch, slice);
}

}  // namespace fer

#endif  // HWY_ONCE
