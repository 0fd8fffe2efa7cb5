#pragma once

#include <cstdint>

namespace fer {

/// The upper half of a float32, as LibTorch and processors store it.
struct Bfloat16 {
  std::uint16_t bits;
};

}  // namespace fer
