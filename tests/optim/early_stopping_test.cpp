#include "optim/early_stopping.h"

#include <gtest/gtest.h>

namespace fer {

TEST(EarlyStopping, StopsAtTheNthEpochInARowWithoutImprovement) {
  EarlyStopping stopping({/*patience=*/2, /*min_delta=*/0.0}, Direction::kMin);
  EXPECT_FALSE(stopping.update(1.0));
  EXPECT_FALSE(stopping.update(1.1));
  EXPECT_FALSE(stopping.update(0.9));  // an improvement starts the count anew
  EXPECT_FALSE(stopping.update(0.9));
  EXPECT_TRUE(stopping.update(0.95));
}

TEST(EarlyStopping, PatienceZeroNeverStops) {
  EarlyStopping stopping({/*patience=*/0, /*min_delta=*/0.0}, Direction::kMax);
  for (int epoch = 0; epoch < 100; ++epoch) EXPECT_FALSE(stopping.update(0.0));
}

}  // namespace fer
