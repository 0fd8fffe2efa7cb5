#pragma once

#include <cstdint>

#include "kernels/host_device.h"

namespace fer {

/// A byte as a float in [0, 1]: divided, since a product with 1/255 would differ from PyTorch in the last bit.
FER_HOST_DEVICE inline float unit_from_byte(std::uint8_t byte) {
  return static_cast<float>(byte) / 255.0F;
}

}  // namespace fer
