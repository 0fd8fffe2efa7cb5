#include "data/epoch_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "data/permutation.h"

namespace fer {
namespace {

const std::vector<std::int64_t> kBlocks = {0, 10, 20, 25, 35, 45, 55, 65, 75, 85, 95};

}  // namespace

TEST(EpochOrder, OneWindowIsThePlainPermutation) {
  EXPECT_EQ(epoch_order(100, kBlocks, 100, 7, 3), epoch_permutation(100, 7, 3));
}

TEST(EpochOrder, WindowsVisitEachSampleOnceInAnotherOrderEachEpoch) {
  for (const std::int64_t window : {1, 7, 32, 99}) {
    auto order = epoch_order(100, kBlocks, window, 7, 1);
    EXPECT_EQ(order, epoch_order(100, kBlocks, window, 7, 1));
    EXPECT_NE(order, epoch_order(100, kBlocks, window, 7, 2));
    std::ranges::sort(order);
    for (std::int64_t i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  }
}

// What makes streaming cheap: a window's samples lie in few blocks. And what makes it a shuffle: not in the same ones
// every epoch.
TEST(EpochOrder, AWindowIsMadeOfWholeBlocksButForItsEnds) {
  const auto blocks_of_first_window = [](std::int64_t epoch) {
    const auto order = epoch_order(100, kBlocks, 30, 7, epoch);
    std::set<std::int64_t> blocks;
    for (int i = 0; i < 30; ++i)
      blocks.insert(std::ranges::upper_bound(kBlocks, order[static_cast<std::size_t>(i)]) - kBlocks.begin());
    return blocks;
  };
  EXPECT_LE(blocks_of_first_window(1).size(), 5U);
  EXPECT_NE(blocks_of_first_window(1), blocks_of_first_window(2));
}

TEST(BalancedOrder, DrawsEveryClassEquallyOften) {
  std::vector<std::int64_t> labels(9000, 0);
  std::fill(labels.begin() + 8000, labels.begin() + 8900, 1);
  std::fill(labels.begin() + 8900, labels.end(), 3);  // class 2 has no samples
  const auto order = balanced_order(labels, 4, 1, 1);
  ASSERT_EQ(order.size(), labels.size());
  std::vector<int> counts(4);
  for (const auto sample : order) ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(sample)])];
  EXPECT_EQ(counts[2], 0);
  for (const int c : {0, 1, 3}) EXPECT_NEAR(counts[static_cast<std::size_t>(c)], 3000, 200);  // 4 deviations of 45
  EXPECT_NE(order, balanced_order(labels, 4, 1, 2));
}

}  // namespace fer
