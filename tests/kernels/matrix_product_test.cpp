#include "kernels/matrix_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/each_instruction_set.h"

namespace fer {
namespace {

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (auto& value : values) value = normal(generator);
  return values;
}

class MatrixProduct : public EachInstructionSet {};

struct Sizes {
  std::size_t rows, columns, depth;
};
const Sizes kSizes[] = {{256, 64, 4608}, {64, 96, 256}, {1, 1, 1},   {13, 33, 257}, {7, 2, 16},
                        {5, 2159, 40},   {12, 32, 512}, {17, 31, 5}, {300, 7, 64}};

std::vector<float> multiply(const Sizes& sizes, const MatrixView& left, const MatrixView& right, std::int64_t slices) {
  std::vector<float> product(sizes.rows * sizes.columns, NAN), scratch(matrix_product_scratch(sizes.rows));
  for (std::int64_t i = 0; i < slices; ++i)
    multiply_matrices(sizes.rows, sizes.columns, sizes.depth, left, right, product.data(), scratch.data(), {i, slices});
  return product;
}

}  // namespace

// Whichever way the factors lie in memory.
TEST_P(MatrixProduct, AgreesWithItsDefinition) {
  for (const auto& sizes : kSizes)
    for (const bool left_turned : {false, true})
      for (const bool right_turned : {false, true}) {
        SCOPED_TRACE(testing::Message() << sizes.rows << " x " << sizes.depth << " x " << sizes.columns << " "
                                        << left_turned << right_turned);
        const auto& [rows, columns, depth] = sizes;
        const auto left = random_values(rows * depth, 1), right = random_values(depth * columns, 2);
        const MatrixView left_view{left.data(), left_turned ? 1 : depth, left_turned ? rows : 1};
        const MatrixView right_view{right.data(), right_turned ? 1 : columns, right_turned ? depth : 1};
        const auto product = multiply(sizes, left_view, right_view, 1);
        double squares = 0, differences = 0;
        for (std::size_t i = 0; i < rows; ++i)
          for (std::size_t j = 0; j < columns; ++j) {
            double sum = 0;
            for (std::size_t k = 0; k < depth; ++k)
              sum += double{left[i * left_view.row + k * left_view.column]} *
                     right[k * right_view.row + j * right_view.column];
            squares += sum * sum;
            differences += std::pow(product[i * columns + j] - sum, 2);
          }
        EXPECT_LT(std::sqrt(differences / squares), 2e-6);
        EXPECT_EQ(multiply(sizes, left_view, right_view, 3), product);
      }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, MatrixProduct, kInstructionSets, instruction_set_name);

}  // namespace fer
