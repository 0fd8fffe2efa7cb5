#include "optim/learning_rate.h"

#include <gtest/gtest.h>

namespace fer {
namespace {

LearningRate rate(const std::string& name, double warmup, double epochs = 10) {
  return {{name, warmup, {0.1, 0, 1e-4}}, Direction::kMin, /*base=*/2.0, epochs};
}

}  // namespace

TEST(LearningRate, ConstantStaysAfterItsWarmUp) {
  EXPECT_DOUBLE_EQ(rate("constant", 0).at(0), 2);
  EXPECT_DOUBLE_EQ(rate("constant", 4).at(1), 0.5);
  EXPECT_DOUBLE_EQ(rate("constant", 4).at(9), 2);
}

TEST(LearningRate, CosineFallsToNothing) {
  EXPECT_DOUBLE_EQ(rate("cosine", 2).at(1), 1);
  EXPECT_DOUBLE_EQ(rate("cosine", 2).at(2), 2);
  EXPECT_NEAR(rate("cosine", 2).at(6), 1, 1e-12);
  EXPECT_NEAR(rate("cosine", 2).at(10), 0, 1e-12);
}

TEST(LearningRate, TriangularRisesForAFifthAndFalls) {
  EXPECT_DOUBLE_EQ(rate("triangular", 0).at(1), 1);
  EXPECT_DOUBLE_EQ(rate("triangular", 0).at(2), 2);
  EXPECT_DOUBLE_EQ(rate("triangular", 0).at(6), 1);
  EXPECT_DOUBLE_EQ(rate("triangular", 5).at(2.5), 1);
  EXPECT_DOUBLE_EQ(rate("triangular", 0).at(10), 0);
}

TEST(LearningRate, PlateauHearsOfEpochsAfterItsWarmUp) {
  auto plateau = rate("plateau", 1);
  EXPECT_DOUBLE_EQ(plateau.at(0.5), 1);
  EXPECT_FALSE(plateau.update(1));
  EXPECT_TRUE(plateau.update(1));
  EXPECT_DOUBLE_EQ(plateau.at(2), 0.2);
  auto deaf = rate("cosine", 0);
  EXPECT_FALSE(deaf.update(1) || deaf.update(1));
}

// A warm-up as long as the run has nothing to fall from.
TEST(LearningRate, WarmUpMayFillTheRun) {
  EXPECT_DOUBLE_EQ(rate("cosine", 10).at(10), 2);
}

}  // namespace fer
