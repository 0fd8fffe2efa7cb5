#pragma once

#include <torch/types.h>

namespace fer {

/// left [M, K] times right [K, N], both float32 and of any strides, on torch's threads. The result is the same on any
/// number of them.
/// @return [M, N]
torch::Tensor chain_product(const torch::Tensor& left, const torch::Tensor& right);

}  // namespace fer
