#include "kernels/gather_images.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/gather_math.h"

namespace fer {

// The device kernel is a loop over gathered_pixel(), so its arithmetic is what this test compares.
TEST(GatherImages, LoopAndPerElementFunctionAgree) {
  constexpr std::int64_t kRows = 5, kPixels = 7;
  std::vector<std::uint8_t> images(kRows * kPixels);
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint8_t>(i * 37);
  const std::vector<std::int64_t> indices = {4, 0, 0, 2};
  std::vector<float> batch(indices.size() * kPixels);
  gather_images(images.data(), indices.data(), static_cast<std::int64_t>(indices.size()), kPixels, batch.data());
  for (std::size_t i = 0; i < batch.size(); ++i)
    EXPECT_EQ(batch[i], gathered_pixel(images.data(), indices.data(), kPixels, static_cast<std::int64_t>(i)));
  EXPECT_EQ(batch[0], static_cast<float>(images[4 * kPixels]) / 255.0F);
}

TEST(GatherImages, BytesSpanTheUnitInterval) {
  EXPECT_EQ(unit_from_byte(0), 0.0F);
  EXPECT_EQ(unit_from_byte(255), 1.0F);
}

}  // namespace fer
