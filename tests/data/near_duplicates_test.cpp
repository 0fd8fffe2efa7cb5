#include "data/near_duplicates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "support/expect_error.h"

namespace fer {
namespace {

using Groups = std::vector<std::vector<std::int64_t>>;
using Picture = std::vector<std::uint8_t>;

constexpr std::int64_t kSide = 48;

/// A random field without fine structure, as light on a face is: it can be looked at anywhere, and at any size.
class SmoothField {
 public:
  explicit SmoothField(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (auto& wave : waves_) wave = {4 * uniform(random), 4 * uniform(random), std::numbers::pi * uniform(random)};
  }

  /// @param x, y  from 0 to 1 across the picture. @return a level, seldom beyond 30 and 220.
  double level(double y, double x) const {
    double sum = 0;
    for (const auto& [down, across, phase] : waves_)
      sum += std::cos(2 * std::numbers::pi * (down * y + across * x) + phase);
    return 125 + 30 * sum;
  }

 private:
  struct Wave {
    double down, across, phase;
  };
  std::array<Wave, 12> waves_{};
};

std::uint8_t clamped(double level) {
  return static_cast<std::uint8_t>(std::clamp(std::round(level), 0.0, 255.0));
}

/// @param shift  in pixels, down and across.
Picture drawn(unsigned seed, std::int64_t height = kSide, std::int64_t width = kSide, double shift = 0) {
  const SmoothField field(seed);
  Picture picture;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      picture.push_back(clamped(field.level((static_cast<double>(y) + shift) / static_cast<double>(height),
                                            (static_cast<double>(x) + shift) / static_cast<double>(width))));
  return picture;
}

Picture brighter(Picture picture, double by) {
  for (auto& level : picture) level = clamped(level + by);
  return picture;
}

Picture noisy(Picture picture, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 3);
  for (auto& level : picture) level = clamped(level + noise(random));
  return picture;
}

Picture mirrored(Picture picture) {
  for (auto row = picture.begin(); row != picture.end(); row += kSide) std::reverse(row, row + kSide);
  return picture;
}

/// Coarse steps of levels, as strong compression leaves them.
Picture coarse(Picture picture) {
  for (auto& level : picture) level = clamped(std::round(level / 12.0) * 12);
  return picture;
}

void append(Picture& list, const Picture& picture) {
  list.insert(list.end(), picture.begin(), picture.end());
}

Groups groups_of(const std::vector<Picture>& pictures, std::int64_t height = kSide, std::int64_t width = kSide,
                 int threads = 1) {
  Picture list;
  for (const auto& picture : pictures) append(list, picture);
  return find_near_duplicates(list, height, width, threads);
}

}  // namespace

TEST(NearDuplicates, FindsWhatWasChangedALittle) {
  const Groups pair = {{0, 1}};
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const auto picture = drawn(seed);
    EXPECT_EQ(groups_of({picture, picture}), pair) << "equal";
    EXPECT_EQ(groups_of({picture, brighter(picture, 10)}), pair) << "brighter";
    EXPECT_EQ(groups_of({picture, noisy(picture, seed)}), pair) << "noisy";
    EXPECT_EQ(groups_of({picture, coarse(picture)}), pair) << "coarse";
    EXPECT_EQ(groups_of({picture, mirrored(picture)}), pair) << "mirrored";
    for (const double shift : {-1.0, 1.0}) {
      const auto shifted = drawn(seed, kSide, kSide, shift);
      EXPECT_EQ(groups_of({picture, shifted}), pair) << "shifted by " << shift;
      EXPECT_EQ(groups_of({picture, noisy(brighter(mirrored(shifted), -10), seed)}), pair) << "all by " << shift;
    }
  }
}

TEST(NearDuplicates, LeavesDifferentPicturesApart) {
  std::vector<Picture> pictures;
  for (unsigned seed = 0; seed < 500; ++seed) pictures.push_back(drawn(seed));
  EXPECT_EQ(groups_of(pictures), Groups{});
}

// Faces of one studio set have light, pose and background in common; here, all but the middle quarter.
TEST(NearDuplicates, LeavesPicturesOfOneSceneApart) {
  const auto scene = drawn(1000);
  std::vector<Picture> pictures;
  for (unsigned seed = 0; seed < 100; ++seed) {
    pictures.push_back(scene);
    const auto face = drawn(seed);
    for (std::int64_t y = 12; y < 36; ++y)
      std::copy_n(face.begin() + y * kSide + 12, 24, pictures.back().begin() + y * kSide + 12);
  }
  EXPECT_EQ(groups_of(pictures), Groups{});
}

TEST(NearDuplicates, NothingCanBeRecognisedInAConstantPicture) {
  const Picture black(kSide * kSide, 0), gray(kSide * kSide, 128);
  auto speck = gray;
  speck[1000] = 140;
  EXPECT_EQ(groups_of({black, gray, black, gray, speck, speck}), Groups{});
}

TEST(NearDuplicates, GroupsAreChainsInOrder) {
  const auto a = drawn(1), b = drawn(2), c = drawn(3);
  // Two pixels apart in all, which a single step does not bridge.
  const auto a_before = drawn(1, kSide, kSide, -1), a_after = drawn(1, kSide, kSide, 1);
  EXPECT_EQ(groups_of({c, a_before, b, a_after, noisy(b, 1)}), (Groups{{2, 4}}));
  EXPECT_EQ(groups_of({c, a_before, b, a_after, noisy(b, 1), a}), (Groups{{1, 3, 5}, {2, 4}}));
}

TEST(NearDuplicates, AreTheSameForAnyNumberOfThreads) {
  std::vector<Picture> pictures;
  for (unsigned i = 0; i < 900; ++i) pictures.push_back(noisy(drawn(i % 700), i));
  const auto alone = groups_of(pictures);
  EXPECT_EQ(alone.size(), 200U);
  for (const int threads : {2, 3, 8}) EXPECT_EQ(groups_of(pictures, kSide, kSide, threads), alone);
}

TEST(NearDuplicates, ComparesPicturesOfAnyShape) {
  for (const auto& [height, width] : {std::pair{16, 16}, {16, 100}, {224, 224}, {61, 30}}) {
    SCOPED_TRACE(testing::Message() << height << "x" << width);
    EXPECT_EQ(
        groups_of({drawn(1, height, width), drawn(2, height, width), noisy(drawn(1, height, width), 1)}, height, width),
        (Groups{{0, 2}}));
  }
  EXPECT_EQ(groups_of({}), Groups{});
  expect_error(ExitCode::kBadInput, {"15x48", "16"}, [] { groups_of({drawn(1, 15, 48)}, 15, 48); });
}

// Placeholders of crawled sets come in thousands: pairs of them would be millions.
TEST(NearDuplicates, ManyCopiesOfOnePictureAreOneGroup) {
  const auto groups = groups_of(std::vector<Picture>(30'000, drawn(1, 16, 16)), 16, 16);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups.front().size(), 30'000U);
}

}  // namespace fer
