#include "train/epoch_bar.h"

#include <gtest/gtest.h>

namespace fer {
namespace {

std::string shown(double images_per_second, const MetricSums& so_far, double learning_rate) {
  const ProgressBar bar("Epoch 3/12", 47, "it", /*visible=*/false);
  return bar.line(22, 1, pieces_of(images_per_second, so_far, learning_rate), 17, 79);
}

}  // namespace

TEST(EpochBar, TellsAllOfAnEpochIn80Columns) {
  EXPECT_EQ(shown(2815.7, {1234.4, 450, 1000}, 0.001),
            "Epoch 3/12 47% 22/47 22.0it/s 2816img/s loss 1.234 acc 45.0% lr 0.001 left 0:18");
}

TEST(EpochBar, SaysNothingOfALossThatIsNotKnown) {
  EXPECT_EQ(shown(0, {}, 0.00025), "Epoch 3/12 47% |########          | 22/47 22.0it/s lr 0.00025 left 0:01 of 0:18");
}

}  // namespace fer
