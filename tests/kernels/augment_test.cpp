#include "kernels/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "kernels/mixup_math.h"
#include "support/each_target.h"

namespace fer {
namespace {

constexpr std::uint64_t kSeed = 11;

/// `rows` pictures of noise, every byte of it possible.
std::vector<std::uint8_t> noise(std::int64_t rows, PictureSize size) {
  std::vector<std::uint8_t> images(static_cast<std::size_t>(rows * size.height * size.width));
  PhiloxStream random(3, 0, 0);
  for (auto& byte : images) byte = static_cast<std::uint8_t>(random.bits());
  return images;
}

AugmentSpec everything() {
  return {.flip = 0.5F,
          .vertical_flip = 0.5F,
          .rotate = 30,
          .shift = 0.2F,
          .zoom_low = 0.7F,
          .zoom_high = 1.4F,
          .shear = 10,
          .crop = 0,
          .brightness = 0.3F,
          .contrast = 0.4F,
          .erase = 0.5F};
}

/// The draws of samples 0 .. count-1.
std::vector<AugmentDraw> draws_of(const AugmentSpec& spec, std::int64_t count, PictureSize stored) {
  std::vector<AugmentDraw> draws;
  for (std::int64_t id = 0; id < count; ++id) draws.push_back(draw_augmentation(spec, kSeed, 1, id, stored));
  return draws;
}

using Augment = void (*)(const AugmentBatch&, float*);

std::vector<float> made_by(Augment augment, const AugmentBatch& batch) {
  std::vector<float> out(static_cast<std::size_t>(batch.size * batch.out.height * batch.out.width), -1.0F);
  augment(batch, out.data());
  return out;
}

/// One picture under one draw.
std::vector<float> made(const std::vector<std::uint8_t>& picture, PictureSize stored, const AugmentDraw& draw,
                        PictureSize out) {
  const std::int64_t index = 0;
  return made_by(augment_images, {picture.data(), stored, out, 1, &index, &draw});
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Expects the same bytes of every instruction set and of the plain loop, with mixup and without.
void expect_one_result(const AugmentSpec& spec, PictureSize stored, std::int64_t count) {
  const std::int64_t rows = std::min<std::int64_t>(count, 7);
  const auto images = noise(rows, stored);
  const auto draws = draws_of(spec, count, stored);
  std::vector<std::int64_t> indices, partners;
  std::vector<float> lambdas;
  for (std::int64_t i = 0; i < count; ++i) {
    indices.push_back(i * 5 % rows);
    partners.push_back(i * 3 % rows);
    lambdas.push_back(draw_mixup_lambda(0.4F, kSeed, 1, i));
  }
  const std::vector<AugmentDraw> partner_draws(draws.rbegin(), draws.rend());
  AugmentBatch batch{images.data(), stored, augmented_size(spec, stored), count, indices.data(), draws.data()};
  AugmentBatch mixed = batch;
  mixed.partners = partners.data();
  mixed.partner_draws = partner_draws.data();
  mixed.lambdas = lambdas.data();

  const auto plain = made_by(augment_images_plain, batch), plain_mixed = made_by(augment_images_plain, mixed);
  on_each_target([&](std::int64_t) {
    EXPECT_TRUE(same_bits(made_by(augment_images, batch), plain));
    EXPECT_TRUE(same_bits(made_by(augment_images, mixed), plain_mixed));
  });
}

TEST(Augment, VectorsOfEveryInstructionSetMakeThePlainLoopsBytes) {
  AugmentSpec cropped = everything();
  cropped.crop = 44;
  expect_one_result(cropped, {48, 48}, 2000);
  expect_one_result(everything(), {48, 48}, 500);
  expect_one_result(everything(), {7, 5}, 2000);
  expect_one_result(everything(), {1, 1}, 500);
  expect_one_result(everything(), {3, 40}, 500);
  expect_one_result(everything(), {224, 224}, 12);
}

// Draws without rotation, zoom and shear take the path that copies rows; shifts lead it off the picture.
TEST(Augment, MovesByWholePixelsMakeThePlainLoopsBytes) {
  const AugmentSpec moves{.flip = 0.5F, .vertical_flip = 0.5F, .shift = 0.05F};
  AugmentSpec windows{.flip = 0.5F, .vertical_flip = 0.5F, .crop = 44, .contrast = 0.3F, .erase = 0.5F};
  expect_one_result(moves, {48, 48}, 500);
  expect_one_result(windows, {48, 48}, 500);
  windows.crop = 3;
  expect_one_result(windows, {9, 5}, 500);
}

TEST(Augment, WithoutADrawBytesAreDividedOnly) {
  for (const PictureSize size : {PictureSize{48, 48}, PictureSize{7, 5}, PictureSize{1, 1}}) {
    const auto picture = noise(1, size);
    std::vector<float> expected;
    for (const auto byte : picture) expected.push_back(unit_from_byte(byte));
    EXPECT_TRUE(same_bits(made(picture, size, AugmentDraw{}, size), expected));
    EXPECT_TRUE(same_bits(made(picture, size, draw_augmentation({}, kSeed, 0, 4, size), size), expected));
  }
}

TEST(Augment, FlipsAreInvolutions) {
  constexpr PictureSize kSize = {7, 20};
  AffineMap twice, once;
  once = after_flip(once, kSize);
  twice = after_flip(once, kSize);
  EXPECT_EQ(twice.xx, 1);
  EXPECT_EQ(twice.x0, 0);
  const auto picture = noise(1, kSize);
  AugmentDraw draw;
  set_source(draw, once);
  const auto flipped = made(picture, kSize, draw, kSize);
  set_source(draw, after_vertical_flip(AffineMap(), kSize));
  const auto upside_down = made(picture, kSize, draw, kSize);
  for (std::int32_t y = 0; y < kSize.height; ++y) {
    for (std::int32_t x = 0; x < kSize.width; ++x) {
      const auto at = static_cast<std::size_t>(y * kSize.width + x);
      EXPECT_EQ(flipped[at], unit_from_byte(picture[static_cast<std::size_t>((y + 1) * kSize.width - 1 - x)]));
      EXPECT_EQ(upside_down[at],
                unit_from_byte(picture[static_cast<std::size_t>((kSize.height - 1 - y) * kSize.width + x)]));
    }
  }
}

nlohmann::json affine_golden() {
  std::ifstream file(std::string(FER_GOLDEN_FOLDER) + "/affine_torchvision.json");
  return nlohmann::json::parse(file);
}

/// The picture of make_affine_golden.py.
std::vector<std::uint8_t> golden_picture(std::int32_t side) {
  std::vector<std::uint8_t> picture;
  for (std::int32_t y = 0; y < side; ++y)
    for (std::int32_t x = 0; x < side; ++x) picture.push_back(static_cast<std::uint8_t>(37 * x + 91 * y + 5 * x * y));
  return picture;
}

AugmentDraw golden_draw(const nlohmann::json& golden, PictureSize size) {
  AffineMap map = about_centre(
      inverse_affine(golden["rotate"], golden["shift"][0], golden["shift"][1], golden["zoom"], golden["shear"]), size);
  if (golden["flip"]) map = after_flip(map, size);
  if (golden["vertical_flip"]) map = after_vertical_flip(map, size);
  AugmentDraw draw;
  set_source(draw, window_of(map, golden["window"][0], golden["window"][1]));
  return draw;
}

// torchvision scales coordinates to [-1, 1] and back in float32, which moves them by some 1e-6 of the side: 2e-5 pixels
// here, and neighbours of this picture differ by up to 1.
TEST(Augment, WarpsAsTorchvision) {
  constexpr double kTolerance = 2e-5;
  const auto golden = affine_golden();
  const PictureSize size{golden["side"], golden["side"]};
  const auto picture = golden_picture(size.width);
  ASSERT_GE(golden["cases"].size(), 12U);
  for (const auto& one : golden["cases"]) {
    const auto values = made(picture, size, golden_draw(one, size), {one["window"][2], one["window"][3]});
    ASSERT_EQ(values.size(), one["values"].size());
    double worst = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
      worst = std::max(worst, std::abs(values[i] - one["values"][i].get<double>()));
    EXPECT_LT(worst, kTolerance) << one["rotate"] << " degrees, zoom " << one["zoom"];
  }
}

TEST(Augment, ContrastPullsTowardsTheMeanAndBrightnessScales) {
  constexpr PictureSize kSize = {1, 2};
  const std::vector<std::uint8_t> picture = {51, 153};  // 0.2 and 0.6, mean 0.4
  AugmentDraw draw;
  draw.gain = 1.5F * 0.5F;  // brightness 1.5, contrast 0.5
  draw.mean_share = 1.5F * 0.5F;
  const auto values = made(picture, kSize, draw, kSize);
  EXPECT_NEAR(values[0], 0.45, 1e-6);
  EXPECT_NEAR(values[1], 0.75, 1e-6);
  draw.gain = 2;
  EXPECT_EQ(made(picture, kSize, draw, kSize)[1], 1.0F);
}

TEST(Augment, MixupBlendsTwoPicturesEachUnderItsOwnDraw) {
  constexpr PictureSize kSize = {4, 4};
  const auto images = noise(2, kSize);
  const std::int64_t own = 0, partner = 1;
  AugmentDraw plain, flipped;
  set_source(flipped, after_flip(AffineMap(), kSize));
  const float lambda = 0.25F;
  const auto mixed =
      made_by(augment_images, {images.data(), kSize, kSize, 1, &own, &plain, &partner, &flipped, &lambda});
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    const std::size_t mirrored = 16 + i / 4 * 4 + (3 - i % 4);
    EXPECT_EQ(mixed[i], 0.25F * unit_from_byte(images[i]) + 0.75F * unit_from_byte(images[mirrored]));
  }
}

TEST(Augment, PicturesDoNotDependOnTheirBatch) {
  constexpr PictureSize kSize = {48, 48};
  constexpr std::int64_t kCount = 9, kPixels = 48 * 48;
  const auto images = noise(kCount, kSize);
  const auto draws = draws_of(everything(), kCount, kSize);
  std::vector<std::int64_t> indices(kCount);
  std::iota(indices.begin(), indices.end(), 0);
  const auto together = made_by(augment_images, {images.data(), kSize, kSize, kCount, indices.data(), draws.data()});
  for (std::size_t i = kCount; i-- > 0;) {
    const auto alone = made_by(augment_images, {images.data(), kSize, kSize, 1, &indices[i], &draws[i]});
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::int64_t>(i) * kPixels));
  }
}

TEST(AugmentDraw, DependsOnSeedEpochAndSample) {
  const AugmentSpec spec{.rotate = 30};
  const auto turn = [&](std::uint64_t seed, std::int64_t epoch, std::int64_t id) {
    return draw_augmentation(spec, seed, epoch, id, {48, 48}).xy;
  };
  EXPECT_EQ(turn(1, 2, 3), turn(1, 2, 3));
  EXPECT_NE(turn(1, 2, 3), turn(2, 2, 3));
  EXPECT_NE(turn(1, 2, 3), turn(1, 3, 3));
  EXPECT_NE(turn(1, 2, 3), turn(1, 2, 4));
  EXPECT_NE(turn(1, 2, 3), turn(1, 3, 2));
}

TEST(AugmentDraw, SwitchingAPartOffLeavesTheOthers) {
  constexpr PictureSize kSize = {48, 48};
  const AugmentSpec all = everything();
  for (std::int64_t id = 0; id < 200; ++id) {
    const auto draw = draw_augmentation(all, kSeed, 0, id, kSize);
    AugmentSpec fewer = all;
    fewer.erase = fewer.brightness = 0;
    const auto warped = draw_augmentation(fewer, kSeed, 0, id, kSize);
    for (const auto value :
         {&AugmentDraw::xx, &AugmentDraw::xy, &AugmentDraw::x0, &AugmentDraw::yx, &AugmentDraw::yy, &AugmentDraw::y0})
      EXPECT_EQ(draw.*value, warped.*value);
    EXPECT_EQ(warped.erased.height, 0);

    const AugmentSpec erased_alone{.erase = all.erase};
    const auto erased = draw_augmentation(erased_alone, kSeed, 0, id, kSize);
    EXPECT_EQ(draw.erased.top, erased.erased.top);
    EXPECT_EQ(draw.erased.left, erased.erased.left);
    EXPECT_EQ(draw.erased.height, erased.erased.height);
    EXPECT_EQ(draw.erased.width, erased.erased.width);
  }
}

TEST(AugmentDraw, FlipsHalfOfTheTime) {
  const auto draws = draws_of({.flip = 0.5F}, 10'000, {48, 48});
  const auto flipped = std::ranges::count_if(draws, [](const AugmentDraw& draw) { return draw.xx < 0; });
  EXPECT_NEAR(static_cast<double>(flipped), 5000, 200);  // four standard errors
}

TEST(AugmentDraw, WindowsAreUniform) {
  constexpr std::int64_t kDraws = 25'000;
  std::map<std::pair<float, float>, int> counts;
  for (const auto& draw : draws_of({.crop = 44}, kDraws, {48, 48})) ++counts[{draw.x0, draw.y0}];
  EXPECT_EQ(counts.size(), 25U);
  for (const auto& [place, count] : counts) {
    EXPECT_TRUE(place.first >= 0 && place.first <= 4 && place.second >= 0 && place.second <= 4);
    EXPECT_NEAR(count, 1000, 125);  // four standard errors
  }
}

TEST(AugmentDraw, ErasesWithinItsBounds) {
  constexpr PictureSize kSize = {100, 100};
  constexpr double kRounding = 0.01;  // sides are rounded to whole pixels, of which the shortest has 8
  int erased = 0;
  for (const auto& draw : draws_of({.erase = 0.5F}, 10'000, kSize)) {
    const auto& box = draw.erased;
    if (box.height == 0) continue;
    ++erased;
    EXPECT_TRUE(box.top >= 0 && box.left >= 0 && box.top + box.height <= 100 && box.left + box.width <= 100);
    const double share = box.height * box.width / 1e4;
    EXPECT_GT(share, 0.02 - kRounding);
    EXPECT_LT(share, 0.33 + kRounding);
    EXPECT_GT(static_cast<double>(box.height) / box.width, 0.3 * 0.93);  // 8 of 26.5 may be 7.5 of 27
    EXPECT_LT(static_cast<double>(box.height) / box.width, 3.3 * 1.07);
  }
  EXPECT_NEAR(erased, 5000, 200);
}

TEST(AugmentDraw, ErasedPixelsAreBlackAndTheOthersUntouched) {
  constexpr PictureSize kSize = {20, 30};
  const std::vector<std::uint8_t> white(20 * 30, 255);
  AugmentDraw draw;
  draw.erased = {2, 3, 5, 7};
  const auto values = made(white, kSize, draw, kSize);
  EXPECT_EQ(std::ranges::count(values, 0.0F), 5 * 7);
  EXPECT_EQ(std::ranges::count(values, 1.0F), 20 * 30 - 5 * 7);
  EXPECT_EQ(values[2 * 30 + 3], 0.0F);
  EXPECT_EQ(values[6 * 30 + 9], 0.0F);
}

TEST(Mixup, LambdaHasTheMomentsOfItsBetaDistribution) {
  constexpr int kDraws = 100'000;
  for (const float alpha : {0.05F, 0.2F, 0.4F, 1.0F, 3.0F, 50.0F}) {
    double sum = 0, square = 0;
    for (int id = 0; id < kDraws; ++id) {
      const double lambda = draw_mixup_lambda(alpha, kSeed, 0, id);
      ASSERT_TRUE(lambda >= 0 && lambda <= 1) << alpha;
      sum += lambda;
      square += (lambda - 0.5) * (lambda - 0.5);
    }
    const double variance = 0.25 / (2.0 * alpha + 1.0);
    EXPECT_NEAR(sum / kDraws, 0.5, 4 * std::sqrt(variance / kDraws)) << alpha;
    EXPECT_NEAR(square / kDraws / variance, 1.0, 0.03) << alpha;  // six standard errors for the widest of them
  }
}

// Beta(1, 1) is uniform and Beta(1/2, 1/2) the arcsine law: their whole distribution is known.
TEST(Mixup, LambdaFollowsKnownDistributions) {
  constexpr int kDraws = 20'000;
  for (const bool arcsine : {false, true}) {
    std::vector<double> uniform;
    for (int id = 0; id < kDraws; ++id) {
      const double lambda = draw_mixup_lambda(arcsine ? 0.5F : 1.0F, kSeed, 2, id);
      uniform.push_back(arcsine ? 2 / std::acos(-1.0) * std::asin(std::sqrt(lambda)) : lambda);
    }
    std::ranges::sort(uniform);
    double farthest = 0;
    for (int i = 0; i < kDraws; ++i)
      farthest = std::max(farthest, std::abs(uniform[static_cast<std::size_t>(i)] - (i + 0.5) / kDraws));
    EXPECT_LT(farthest, 1.95 / std::sqrt(kDraws));  // Kolmogorov and Smirnov, one in a thousand
  }
}

}  // namespace
}  // namespace fer
