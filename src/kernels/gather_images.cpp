#include "kernels/gather_images.h"

#include "kernels/gather_math.h"

namespace fer {

void gather_images(const std::uint8_t* images, const std::int64_t* indices, std::int64_t batch, std::int64_t pixels,
                   float* out) {
  for (std::int64_t i = 0; i < batch; ++i) {
    const std::uint8_t* source = images + indices[i] * pixels;
    for (std::int64_t p = 0; p < pixels; ++p) out[i * pixels + p] = unit_from_byte(source[p]);
  }
}

}  // namespace fer
