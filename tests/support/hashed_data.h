#pragma once

#include <torch/torch.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "data/dataset.h"
#include "model/model.h"

namespace fer {

// Weights and pictures from formulas, which tests/golden/oracle.py repeats in PyTorch: so no large file is needed to
// compare the two.

/// Element `index` of stream `stream`: murmur3's finalizer over a linear mix of both.
inline std::uint32_t hashed_bits(std::uint32_t index, std::uint32_t stream) {
  std::uint32_t h = index * 2654435761U + stream * 40503U + 12345U;
  h ^= h >> 16;
  h *= 0x85ebca6bU;
  h ^= h >> 13;
  h *= 0xc2b2ae35U;
  return h ^ (h >> 16);
}

/// In [-1, 1).
inline float hashed_uniform(std::uint32_t index, std::uint32_t stream) {
  return static_cast<float>(hashed_bits(index, stream) / 2147483648.0 - 1.0);
}

/// `count` pictures with a bright band whose place is their class.
inline Split hashed_split(std::int64_t count, std::int64_t side, std::int64_t classes, std::uint32_t stream) {
  Split split{"train",
              torch::empty({count, side, side}, torch::kUInt8),
              torch::empty({count}, torch::kInt64),
              torch::arange(count),
              {}};
  auto pixels = split.images.accessor<std::uint8_t, 3>();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int64_t>(hashed_bits(static_cast<std::uint32_t>(i), stream + 1)) % classes;
    split.labels[i] = label;
    for (std::int64_t row = 0; row < side; ++row) {
      for (std::int64_t column = 0; column < side; ++column) {
        const auto element = static_cast<std::uint32_t>((i * side + row) * side + column);
        const auto noise = (hashed_bits(element, stream) >> 24) >> 1;
        pixels[i][row][column] = static_cast<std::uint8_t>(noise + (row * classes / side == label ? 100 : 0));
      }
    }
  }
  return split;
}

/// Gives parameter number k of a net hashed values of stream 1000 + k over sqrt(fan in); batch norms start at 1 and 0.
inline void set_hashed_weights(torch::nn::Module& net) {
  const torch::NoGradGuard no_grad;
  std::uint32_t stream = 1000;
  double fan_in = 1;
  for (auto& parameter : net.parameters()) {
    const bool is_bias = parameter.dim() == 1;
    if (!is_bias) fan_in = static_cast<double>(parameter.numel() / parameter.size(0));
    const bool is_norm = is_bias && (parameter.eq(1).all().item<bool>() || parameter.eq(0).all().item<bool>());
    if (!is_norm) {
      auto values = torch::empty(parameter.sizes(), torch::kFloat32);
      for (std::int64_t i = 0; i < values.numel(); ++i)
        values.data_ptr<float>()[i] =
            static_cast<float>(hashed_uniform(static_cast<std::uint32_t>(i), stream) / std::sqrt(fan_in));
      parameter.copy_(values);
    }
    ++stream;
  }
}

}  // namespace fer
