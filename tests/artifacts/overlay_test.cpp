#include "artifacts/overlay.h"

#include <gtest/gtest.h>

#include <array>

#include "artifacts/explanation_sheet.h"
#include "base/error.h"
#include "data/import/image_file.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

using Pixel = std::array<std::uint8_t, 3>;

Pixel overlaid(std::uint8_t gray, float value) {
  const auto picture = overlay(std::array{gray}, std::array{value});
  return {picture.at(0), picture.at(1), picture.at(2)};
}

/// As a gray print shows it (ITU-R BT.709).
double brightness(const Pixel& pixel) {
  return 0.2126 * pixel[0] + 0.7152 * pixel[1] + 0.0722 * pixel[2];
}

}  // namespace

TEST(Overlay, ShowsThePictureWhereTheMapIsZero) {
  for (const std::uint8_t gray : {0, 7, 128, 255}) EXPECT_EQ(overlaid(gray, 0), (Pixel{gray, gray, gray}));
}

TEST(Overlay, LetsThePictureShowThroughEverywhere) {
  for (const float value : {0.25F, 0.5F, 1.0F}) EXPECT_LT(overlaid(0, value)[0] + 40, overlaid(255, value)[0]);
}

TEST(Overlay, IsTheBrighterTheMoreTheMapSays) {
  for (int step = 1; step <= 100; ++step) {
    const float more = static_cast<float>(step) / 100;
    EXPECT_GT(brightness(overlaid(0, more)), brightness(overlaid(0, more - 0.01F)) - 0.5) << more;  // half a level
  }
  EXPECT_GT(brightness(overlaid(0, 1)), 150);
}

TEST(Overlay, WantsAsManyValuesAsPixels) {
  expect_error(ExitCode::kInternal, {"number of places"},
               [] { overlay(std::array<std::uint8_t, 2>{}, std::array<float, 3>{}); });
}

TEST(ExplanationSheet, HasARowForEachPicture) {
  const ExplainedPicture dark = {std::vector<std::uint8_t>(48 * 40, 20), std::vector<float>(48 * 40, 1.0F),
                                 std::vector<float>(48 * 40, 0.0F)};
  auto bright = dark;
  bright.pixels.assign(48 * 40, 220);
  const TemporaryFolder folder;
  write_text(folder / "sheet.png", explanation_sheet({dark, bright}, 48, 40));
  const auto sheet = read_image(folder / "sheet.png");
  constexpr int kGap = 4, kHeight = 3 * 48, kWidth = 3 * 40;
  ASSERT_EQ(sheet.height, 2 * kHeight + kGap);
  ASSERT_EQ(sheet.width, 3 * kWidth + 2 * kGap);
  const auto middle_of = [&](int row, int column) {
    const auto y = row * (kHeight + kGap) + kHeight / 2, x = column * (kWidth + kGap) + kWidth / 2;
    return static_cast<int>(sheet.pixels.at(static_cast<std::size_t>(y * sheet.width + x)));
  };
  EXPECT_NEAR(middle_of(0, 0), 20, 1);  // the picture
  EXPECT_GT(middle_of(0, 1), 150);      // under a map of ones
  EXPECT_NEAR(middle_of(0, 2), 20, 1);  // under a map of zeros
  EXPECT_NEAR(middle_of(1, 0), 220, 1);
  EXPECT_EQ(sheet.pixels.at(static_cast<std::size_t>(kWidth + kGap / 2)), 255);  // paper between them
}

TEST(ExplanationSheet, RefusesAPictureOfAnotherSize) {
  expect_error(ExitCode::kInternal, {"another size"}, [] {
    explanation_sheet({{std::vector<std::uint8_t>(5), std::vector<float>(6), std::vector<float>(6)}}, 2, 3);
  });
}

}  // namespace fer
