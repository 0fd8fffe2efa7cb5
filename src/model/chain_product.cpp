#include "model/chain_product.h"

#include <torch/torch.h>

#include "kernels/matrix_product.h"
#include "model/chain_blocks.h"

namespace fer {
namespace {

MatrixView view(const torch::Tensor& matrix) {
  return {matrix.const_data_ptr<float>(), static_cast<std::size_t>(matrix.stride(0)),
          static_cast<std::size_t>(matrix.stride(1))};
}

}  // namespace

torch::Tensor chain_product(const torch::Tensor& left, const torch::Tensor& right) {
  const auto rows = static_cast<std::size_t>(left.size(0)), columns = static_cast<std::size_t>(right.size(1));
  auto product = at::empty({left.size(0), right.size(1)}, at::kFloat);
  const auto own = static_cast<std::int64_t>(matrix_product_scratch(rows));
  auto scratch = at::empty({at::get_num_threads() * own}, at::kFloat);
  run_slices([&](Slice slice) {
    multiply_matrices(rows, columns, static_cast<std::size_t>(left.size(1)), view(left), view(right),
                      product.data_ptr<float>(), scratch.data_ptr<float>() + slice.index * own, slice);
  });
  return product;
}

}  // namespace fer
