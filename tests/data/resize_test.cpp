#include "data/import/resize.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "data/resized_split.h"
#include "support/image_writer.h"

namespace fer {

TEST(Resize, EqualsPillow) {
  const auto entries = golden_images("resized");
  const auto image = golden_levels(entries.at(0));
  for (const auto& entry : entries) {
    const auto expected = golden_levels(entry);
    SCOPED_TRACE(testing::Message() << expected.width << "x" << expected.height);
    const auto result = resize_gray(image, expected.height, expected.width);
    EXPECT_EQ(result.height, expected.height);
    EXPECT_EQ(result.width, expected.width);
    ASSERT_EQ(result.pixels.size(), expected.pixels.size());
    // Some versions of Pillow go along columns first, and a compiler may fuse operations: both turn the last bit.
    for (std::size_t i = 0; i < expected.pixels.size(); ++i) EXPECT_NEAR(result.pixels[i], expected.pixels[i], 1) << i;
  }
}

TEST(Resize, APlainPictureStaysPlain) {
  for (const std::uint8_t level : {0, 1, 127, 255})
    for (const std::int64_t side : {1, 7, 48, 333})
      EXPECT_EQ(resize_gray(plain_image(61, 47, level), side, side).pixels, plain_image(side, side, level).pixels);
}

TEST(Resize, WhatReducesByAWholeNumberKeepsTheMean) {
  auto image = plain_image(96, 96, 0);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>(i % 96 < 48 ? 40 : 200);
  const auto reduced = resize_gray(image, 48, 48).pixels;
  double sum = 0.0;
  for (const auto level : reduced) sum += level;
  EXPECT_NEAR(sum / static_cast<double>(reduced.size()), 120.0, 1.0);
}

TEST(Resize, ASplitsPicturesOneByOne) {
  const Split split{"test", torch::randint(0, 256, {5, 6, 9}).to(torch::kUInt8), torch::arange(5), torch::arange(5)};
  const auto result = resized(split, {4, 3});
  ASSERT_EQ(result.images.sizes(), (std::vector<std::int64_t>{5, 4, 3}));
  EXPECT_TRUE(result.labels.equal(split.labels));
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const auto stored = split.images[i].flatten(), made = result.images[i].flatten();
    const auto* from = stored.const_data_ptr<std::uint8_t>();
    const auto* to = made.const_data_ptr<std::uint8_t>();
    EXPECT_EQ(resize_gray({9, 6, {from, from + 54}}, 4, 3).pixels, std::vector<std::uint8_t>(to, to + 12)) << i;
  }
}

TEST(Resize, ASplitOfTheSizeKeepsItsMemory) {
  const Split split{"test", torch::zeros({2, 6, 9}, torch::kUInt8), {}, torch::arange(2)};
  EXPECT_TRUE(resized(split, {6, 9}).images.is_same(split.images));
}

}  // namespace fer
