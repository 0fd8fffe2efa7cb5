#pragma once

#include <cstdint>

#include "kernels/host_device.h"

namespace fer {

/// A byte as a float in [0, 1]: divided, since a product with 1/255 would differ from PyTorch in the last bit.
FER_HOST_DEVICE inline float unit_from_byte(std::uint8_t byte) {
  return static_cast<float>(byte) / 255.0F;
}

/// Element `position` of a batch [batch, pixels] gathered from `images` [rows, pixels].
FER_HOST_DEVICE inline float gathered_pixel(const std::uint8_t* images, const std::int64_t* indices,
                                            std::int64_t pixels, std::int64_t position) {
  const std::int64_t row = indices[position / pixels];
  return unit_from_byte(images[row * pixels + position % pixels]);
}

}  // namespace fer
