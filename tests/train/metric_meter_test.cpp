#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/metrics.h"

namespace fer {
namespace {

/// Of so many parts: the i-th has a loss of 2^i, and i of 10 samples right.
torch::Tensor rows(std::int64_t parts) {
  auto values = torch::zeros({parts, 3}, torch::kFloat64);
  for (std::int64_t i = 0; i < parts; ++i) values[i].copy_(torch::tensor({double(1 << i), double(i), 10.0}));
  return values;
}

MetricSums taken(const MetricParts& parts, std::int64_t rows_left) {
  MetricMeter meter(torch::kCPU, parts);
  meter.restore(rows(rows_left));
  return meter.sums();
}

}  // namespace

TEST(MetricMeter, TakesItsOwnOfAsManyParts) {
  const auto sums = taken({.first = 2, .own = 3, .all = 8}, 8);
  EXPECT_EQ(sums.loss_sum, 4 + 8 + 16);
  EXPECT_EQ(sums.correct, 2 + 3 + 4);
  EXPECT_EQ(sums.samples, 30);
}

TEST(MetricMeter, OfMoreOrFewerPartsNothingIsLostOrTakenTwice) {
  for (std::int64_t left = 1; left <= 8; ++left)
    for (std::int64_t all = 1; all <= 8; ++all) {
      double loss = 0;
      std::int64_t samples = 0;
      for (std::int64_t first = 0; first < all; ++first) {
        const auto sums = taken({first, 1, all}, left);
        loss += sums.loss_sum;
        samples += sums.samples;
      }
      EXPECT_EQ(loss, (1 << left) - 1) << left << " parts to " << all;
      EXPECT_EQ(samples, 10 * left) << left << " parts to " << all;
    }
}

}  // namespace fer
