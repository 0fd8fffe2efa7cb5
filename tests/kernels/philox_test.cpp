#include "kernels/philox.h"

#include <gtest/gtest.h>

namespace fer {
namespace {

void expect_block(const PhiloxBlock& block, const PhiloxBlock& expected) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(block.word[i], expected.word[i]);
}

// Known answers of the Random123 library, version 1.14, kat_vectors.
TEST(Philox, MatchesRandom123) {
  expect_block(philox4x32({{0, 0, 0, 0}}, {{0, 0}}), {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  const auto ones = 0xffffffffU;
  expect_block(philox4x32({{ones, ones, ones, ones}}, {{ones, ones}}),
               {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  expect_block(philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}}),
               {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST(Philox, StreamsRepeatAndDiffer) {
  PhiloxStream a(1, 2, 3), again(1, 2, 3), other(1, 2, 4);
  int equal = 0;
  for (int i = 0; i < 100; ++i) {
    const auto bits = a.bits();
    EXPECT_EQ(bits, again.bits());
    equal += bits == other.bits();
  }
  EXPECT_EQ(equal, 0);
}

TEST(Philox, DrawsHaveTheirMoments) {
  PhiloxStream random(7, 0, 0);
  constexpr int kDraws = 100'000;
  double uniform = 0, normal = 0, square = 0;
  for (int i = 0; i < kDraws; ++i) {
    uniform += random.uniform();
    const double value = random.normal();
    normal += value;
    square += value * value;
  }
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.004);  // four standard errors
  EXPECT_NEAR(normal / kDraws, 0.0, 0.013);
  EXPECT_NEAR(square / kDraws, 1.0, 0.018);
}

}  // namespace
}  // namespace fer
