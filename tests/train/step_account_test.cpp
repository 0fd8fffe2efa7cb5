#include "train/step_account.h"

#include <gtest/gtest.h>

namespace fer {

TEST(StepAccount, NamesTheRankForWhichTheOthersWait) {
  // Ranks 0, 1 and 3 wait for rank 2, whose pictures come late.
  const std::vector<StepAccount> accounts = {{4, 3, 1, 0}, {5, 3, 0, 0}, {5, 0, 2, 1}, {6, 2, 0, 0}};
  const auto slowest = slowest_of(accounts, {1, 1, 1, 1});
  ASSERT_TRUE(slowest);
  EXPECT_EQ(slowest->rank, 2);
  EXPECT_DOUBLE_EQ(slowest->ratio, 8.0 / 5.0);
  EXPECT_DOUBLE_EQ(mean_of(accounts).communication, 2.0);
}

TEST(StepAccount, OfTwoRanksTheOtherIsTheMeasure) {
  const auto slowest = slowest_of({{1, 1, 0, 0}, {2, 0, 0, 0}}, {1, 1});
  ASSERT_TRUE(slowest);
  EXPECT_EQ(slowest->rank, 1);
  EXPECT_DOUBLE_EQ(slowest->ratio, 2.0);
}

TEST(StepAccount, WhoHasMoreToDoIsNotSlowForIt) {
  const auto slowest = slowest_of({{4, 1, 0, 0}, {5, 0, 0, 0}, {2, 3, 0, 0}}, {4, 4, 2});
  ASSERT_TRUE(slowest);
  EXPECT_EQ(slowest->rank, 1);
  EXPECT_DOUBLE_EQ(slowest->ratio, 1.25);
}

TEST(StepAccount, NobodyWaitsForASlowRankThatHasLessToDo) {
  const auto slowest = slowest_of({{3, 1, 0, 0}, {4, 0, 0, 0}, {4, 0, 0, 0}}, {2, 4, 4});
  ASSERT_TRUE(slowest);
  EXPECT_EQ(slowest->rank, 1);
  EXPECT_DOUBLE_EQ(slowest->ratio, 0.8);
}

TEST(StepAccount, OneRankIsNotSlow) {
  EXPECT_FALSE(slowest_of({{1, 0, 0, 0}}, {1}));
}

}  // namespace fer
