#pragma once

#include <torch/nn/modules/activation.h>

namespace fer {

/// A layer that takes its input's memory: batch norms and convolutions ahead of it do not read their output again.
inline torch::nn::ReLU relu() {
  return torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true));
}

}  // namespace fer
