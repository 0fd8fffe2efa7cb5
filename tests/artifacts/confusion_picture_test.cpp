#include "artifacts/confusion_picture.h"

#include <gtest/gtest.h>

#include "data/import/image_file.h"

namespace fer {
namespace {

/// The level of a pixel in the middle of a cell, all colours made gray.
int level(const GrayImage& picture, std::int64_t cells, std::int64_t truth, std::int64_t predicted) {
  const auto cell = picture.width / cells;
  const auto y = truth * cell + cell / 2, x = predicted * cell + cell / 2;
  return picture.pixels[static_cast<std::size_t>(y * picture.width + x)];
}

}  // namespace

TEST(ConfusionPicture, IsDarkerWhereMoreOfATrueClassWent) {
  const auto image = confusion_picture({{3, 1, 0}, {0, 200, 200}, {0, 0, 0}});
  EXPECT_EQ(image.channels, 3);
  const auto picture = decode_image(image.png, "picture");
  ASSERT_EQ(picture.height, image.height);
  ASSERT_EQ(picture.width, image.width);
  EXPECT_EQ(picture.width, 3 * 24 + 1);
  const auto at = [&](std::int64_t truth, std::int64_t predicted) { return level(picture, 3, truth, predicted); };
  EXPECT_LT(at(0, 0), at(1, 1));  // 75 % and 50 %
  EXPECT_LT(at(1, 1), at(0, 1));  // 50 % and 25 %
  EXPECT_LT(at(0, 1), at(0, 2));
  EXPECT_EQ(at(1, 1), at(1, 2));
  EXPECT_EQ(at(2, 2), at(0, 2));  // no sample
}

TEST(ConfusionPicture, ManyClassesMakeNarrowCells) {
  const std::vector<std::vector<std::int64_t>> confusion(300, std::vector<std::int64_t>(300, 1));
  EXPECT_EQ(confusion_picture(confusion).width, 3 * 300 + 1);
}

}  // namespace fer
