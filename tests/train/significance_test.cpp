#include "train/significance.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

namespace fer {

TEST(McNemar, CountsWhatOneNetAloneGotRight) {
  const auto labels = torch::tensor({0, 1, 2, 0, 1, 2, 0}, torch::kInt64);
  const auto first = torch::tensor({0, 1, 2, 0, 2, 1, 1}, torch::kInt64);
  const auto second = torch::tensor({1, 0, 0, 0, 1, 0, 1}, torch::kInt64);
  const auto test = mcnemar_test(first, second, labels);
  EXPECT_EQ(test.first_alone, 3);
  EXPECT_EQ(test.second_alone, 1);
  EXPECT_DOUBLE_EQ(test.p_value, 2 * (1 + 4) / 16.0);  // four coins: none or one of a side, twice
  EXPECT_EQ(mcnemar_test(first, first, labels).p_value, 1);
}

TEST(McNemar, SidesAreAlikeAndAFairShareIsNoSurprise) {
  EXPECT_EQ(mcnemar_p_value(0, 0), 1);
  EXPECT_EQ(mcnemar_p_value(500000, 500000), 1);
  EXPECT_EQ(mcnemar_p_value(12, 40), mcnemar_p_value(40, 12));
  EXPECT_DOUBLE_EQ(mcnemar_p_value(0, 60), std::ldexp(1.0, -59));
  EXPECT_EQ(mcnemar_p_value(0, 1000000), 0);
}

// For 3 of 5 from the closed form: 0.2307 to 0.8824.
TEST(WilsonInterval, StaysInsideWhereASampleMeansMuch) {
  const auto [low, high] = wilson_interval(3, 5);
  EXPECT_NEAR(low, 0.2307, 1e-4);
  EXPECT_NEAR(high, 0.8824, 1e-4);
  for (const std::int64_t samples : {1, 3, 7, 1000, 35887}) {
    EXPECT_GE(wilson_interval(0, samples).first, 0);
    EXPECT_LE(wilson_interval(samples, samples).second, 1);
  }
}

}  // namespace fer
