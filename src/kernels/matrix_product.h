#pragma once

#include <cstddef>

#include "kernels/slice.h"

namespace fer {

/// Entries of a matrix of float: that of row i and column j is values[i * row + j * column].
struct MatrixView {
  const float* values;
  std::size_t row;
  std::size_t column;
};

/// Floats of memory that multiply_matrices() wants for its own, in each slice.
std::size_t matrix_product_scratch(std::size_t rows);

/// product = left * right. Every entry is a sum over `depth` in an order that depends on these sizes alone, whatever
/// the number of slices.
/// @param left     [rows, depth]
/// @param right    [depth, columns]
/// @param product  [rows, columns], its rows one behind the other
void multiply_matrices(std::size_t rows, std::size_t columns, std::size_t depth, const MatrixView& left,
                       const MatrixView& right, float* product, float* scratch, Slice slice = {});

}  // namespace fer
