#include "base/text.h"

#include <gtest/gtest.h>

namespace fer {

TEST(Text, ClosestNameCountsEdits) {
  EXPECT_EQ(closest_name("epoch", {"epochs", "lr", "out"}), "epochs");
  EXPECT_EQ(closest_name("bacth-size", {"global-batch-size", "batch-size", "seed"}), "batch-size");
  EXPECT_EQ(closest_name("anything", {}), "");
}

TEST(Text, SplitsAndJoins) {
  EXPECT_EQ(split_text("a,b,c", ','), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split_text("", ',').empty());
  EXPECT_EQ(join({"a", "b"}), "a, b");
}

TEST(Text, ClockReadsLikeAClock) {
  EXPECT_EQ(clock_text(75.4), "1:15");
  EXPECT_EQ(clock_text(4000), "1:06:40");
}

}  // namespace fer
