#include "data/permutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace fer {

TEST(Permutation, VisitsEachSampleOnceAndDependsOnSeedAndEpoch) {
  auto order = epoch_permutation(1000, 1, 1);
  EXPECT_EQ(order, epoch_permutation(1000, 1, 1));
  EXPECT_NE(order, epoch_permutation(1000, 1, 2));
  EXPECT_NE(order, epoch_permutation(1000, 2, 1));
  std::ranges::sort(order);
  for (std::int64_t i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

// The order is a promise: a resumed run, and the oracle in Python, must draw the same.
TEST(Permutation, IsTheOneWrittenDown) {
  std::ifstream file(FER_GOLDEN_FOLDER "/hashed_check.json");
  const auto golden = nlohmann::json::parse(file).at("permutation_of_10_seed_7");
  EXPECT_EQ(epoch_permutation(10, 7, 1), golden.at("1").get<std::vector<std::int64_t>>());
  EXPECT_EQ(epoch_permutation(10, 7, 2), golden.at("2").get<std::vector<std::int64_t>>());
}

}  // namespace fer
