#include "data/augmentation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/expect_error.h"

namespace fer {
namespace {

void expect_usage_error(const std::string& text, const std::vector<std::string>& parts) {
  expect_error(ExitCode::kUsage, parts, [&] { parse_augmentation(text); });
}

TEST(Augmentation, ReadsEveryPart) {
  const auto augmentation = parse_augmentation(
      "flip,vflip=0.25,rotate=10,shift=0.1,zoom=0.8:1.2,shear=5,crop=44,brightness=0.2,contrast=0.3,erase=0.5,mixup=0."
      "4");
  const auto& spec = augmentation.spec;
  EXPECT_EQ(spec.flip, 0.5F);
  EXPECT_EQ(spec.vertical_flip, 0.25F);
  EXPECT_EQ(spec.rotate, 10.0F);
  EXPECT_EQ(spec.shift, 0.1F);
  EXPECT_EQ(spec.zoom_low, 0.8F);
  EXPECT_EQ(spec.zoom_high, 1.2F);
  EXPECT_EQ(spec.shear, 5.0F);
  EXPECT_EQ(spec.crop, 44);
  EXPECT_EQ(spec.brightness, 0.2F);
  EXPECT_EQ(spec.contrast, 0.3F);
  EXPECT_EQ(spec.erase, 0.5F);
  EXPECT_EQ(augmentation.mixup_alpha, 0.4F);
}

TEST(Augmentation, PresetsAreShorthandsThatLaterPartsOverride) {
  EXPECT_EQ(parse_augmentation("none").text(), "none");
  EXPECT_EQ(parse_augmentation("light").text(), "flip");
  EXPECT_EQ(parse_augmentation("standard").text(), "flip,rotate=10,shift=0.1,zoom=0.9:1.1");
  EXPECT_EQ(parse_augmentation("strong").text(), "flip,rotate=15,shift=0.1,erase=0.5,zoom=0.8:1.2,crop=44");
  EXPECT_EQ(parse_augmentation("none,erase=0.5").text(), "erase=0.5");
  EXPECT_EQ(parse_augmentation("strong,rotate=5,crop=0,zoom=1:1,mixup=0.2").text(),
            "flip,rotate=5,shift=0.1,erase=0.5,mixup=0.2");
  EXPECT_EQ(parse_augmentation("light,flip=0").text(), "none");
}

TEST(Augmentation, ItsTextReadsBackAsItself) {
  for (const std::string text : {"none", "strong,mixup=0.4", "vflip=0.1,shear=3.5,brightness=0.333", "zoom=1:1.25"}) {
    const auto canonical = parse_augmentation(text).text();
    EXPECT_EQ(parse_augmentation(canonical).text(), canonical);
  }
}

TEST(Augmentation, SaysWhichPartIsWrongAndWhatIsPermitted) {
  expect_usage_error("", {"none"});
  expect_usage_error("flip,rotat=10", {"'rotat=10'", "Did you mean rotate?"});
  expect_usage_error("stron", {"'stron'", "Did you mean strong?"});
  expect_usage_error("flip,,rotate=3", {"''"});
  expect_usage_error("flip, rotate=3", {"' rotate=3'", "Did you mean rotate?"});
  expect_usage_error("rotate=200", {"'rotate=200'", "[0, 180]"});
  expect_usage_error("rotate", {"'rotate'", "rotate=NUMBER"});
  expect_usage_error("shift=0.1x", {"'shift=0.1x'", "[0, 1]"});
  expect_usage_error("erase=nan", {"'erase=nan'", "[0, 1]"});
  expect_usage_error("flip=-0.5", {"'flip=-0.5'", "[0, 1]"});
  expect_usage_error("zoom=1.2:0.8", {"'zoom=1.2:0.8'", "zoom=LOW:HIGH", "[0.1, 10]"});
  expect_usage_error("zoom=1.2", {"'zoom=1.2'", "zoom=LOW:HIGH"});
  expect_usage_error("crop=44.5", {"'crop=44.5'", "[0, 4096]"});
  expect_usage_error("flip,strong", {"'strong'", "comes first"});
}

TEST(Augmentation, WindowMustFit) {
  constexpr PictureSize kSize = {48, 40};
  check_augmentation(parse_augmentation("crop=40"), kSize);
  expect_error(ExitCode::kUsage, {"crop=44", "48 x 40", "at most 40"},
               [&] { check_augmentation(parse_augmentation("crop=44"), kSize); });
}

/// Top left corner of a window and whether it shows the mirror image, where column x is at `width` - 1 - x.
struct Window {
  float top, left;
  bool flipped;
  friend bool operator==(const Window&, const Window&) = default;
};

std::vector<Window> windows(TestViews views, PictureSize stored, std::int32_t crop) {
  std::vector<Window> found;
  for (const auto& draw : test_view_draws(views, stored, crop)) {
    const bool flipped = draw.xx < 0;
    found.push_back({draw.y0, flipped ? static_cast<float>(stored.width - 1) - draw.x0 : draw.x0, flipped});
  }
  return found;
}

// The middle window of 48 - 45 = 3 is at 2, since Python, and so torchvision, rounds 1.5 to the even side.
TEST(TestViews, AreTorchvisionsWindowsInItsOrder) {
  const std::vector<Window> five = {{0, 0, false}, {0, 3, false}, {3, 0, false}, {3, 3, false}, {2, 2, false}};
  EXPECT_EQ(windows(TestViews::kFive, {48, 48}, 45), five);
  auto ten = five;
  for (auto window : five) ten.push_back({window.top, window.left, true});
  EXPECT_EQ(windows(TestViews::kTen, {48, 48}, 45), ten);
}

TEST(TestViews, FewerViewsStandAroundTheMiddle) {
  EXPECT_EQ(windows(TestViews::kNone, {48, 48}, 0), (std::vector<Window>{{0, 0, false}}));
  EXPECT_EQ(windows(TestViews::kNone, {50, 48}, 44), (std::vector<Window>{{3, 2, false}}));
  EXPECT_EQ(windows(TestViews::kFlip, {48, 48}, 44), (std::vector<Window>{{2, 2, false}, {2, 2, true}}));
  EXPECT_EQ(windows(TestViews::kShift, {48, 48}, 44), (std::vector<Window>{{2, 2, false},
                                                                           {1, 2, false},
                                                                           {3, 2, false},
                                                                           {2, 1, false},
                                                                           {2, 3, false},
                                                                           {2, 2, true},
                                                                           {1, 2, true},
                                                                           {3, 2, true},
                                                                           {2, 1, true},
                                                                           {2, 3, true}}));
}

TEST(TestViews, AreReadByName) {
  EXPECT_EQ(parse_test_views("ten"), TestViews::kTen);
  expect_error(ExitCode::kUsage, {"'tan'", "Did you mean ten?"}, [] { parse_test_views("tan"); });
  expect_error(ExitCode::kUsage, {"take none, flip or shift"}, [] { test_view_draws(TestViews::kFive, {48, 48}, 0); });
  expect_error(ExitCode::kUsage, {"crop=49"}, [] { test_view_draws(TestViews::kFlip, {48, 48}, 49); });
}

}  // namespace
}  // namespace fer
