#include "base/progress_bar.h"

#include <gtest/gtest.h>

namespace fer {

TEST(ProgressBar, ShowsShareStepsTimesAndRate) {
  const ProgressBar bar("Epoch 1/50:", 145, "it", /*visible=*/false);
  EXPECT_EQ(bar.line(58, 20, "loss 1.2345", 79),
            "Epoch 1/50:  40%|########             | 58/145 [0:20<0:30, 2.9it/s] loss 1.2345");
}

TEST(ProgressBar, NeverOutgrowsTheTerminal) {
  const ProgressBar bar("Epoch 1/50:", 145, "it", /*visible=*/false);
  for (const int width : {20, 40, 60, 80, 200}) EXPECT_LE(bar.line(58, 20, "loss 1.2345", width).size(), width);
}

TEST(ProgressBar, BearsMoreThanItWasToldToExpect) {
  const ProgressBar bar("import", 100, "img", /*visible=*/false);
  EXPECT_NE(bar.line(130, 1, "", 79).find("100%|####"), std::string::npos);
}

}  // namespace fer
