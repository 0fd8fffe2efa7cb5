#include "train/classification_report.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace fer {

// Worked by hand: true 0 0 1 1 2, predicted 0 1 1 1 0.
TEST(ClassificationReport, CountsAsOneWouldOnPaper) {
  const auto probabilities =
      torch::tensor({0.8, 0.1, 0.1, 0.2, 0.6, 0.2, 0.1, 0.9, 0.0, 0.3, 0.4, 0.3, 0.5, 0.3, 0.2}, torch::kFloat64)
          .view({5, 3});
  const auto labels = torch::tensor({0, 0, 1, 1, 2}, torch::kInt64);
  const auto report = classification_report({2.5, 3, 5}, probabilities, labels);
  EXPECT_EQ(report.confusion, (std::vector<std::vector<std::int64_t>>{{1, 1, 0}, {0, 2, 0}, {1, 0, 0}}));
  EXPECT_DOUBLE_EQ(report.per_class[0].precision, 0.5);
  EXPECT_DOUBLE_EQ(report.per_class[0].recall, 0.5);
  EXPECT_DOUBLE_EQ(report.per_class[1].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.per_class[1].f1, 0.8);
  EXPECT_DOUBLE_EQ(report.per_class[2].f1, 0.0);
  EXPECT_DOUBLE_EQ(report.macro_f1, (0.5 + 0.8 + 0.0) / 3);
  EXPECT_EQ(report.per_class[2].support, 1);
  EXPECT_NEAR(report.squared_error, (0.06 + 1.04 + 0.02 + 0.54 + 0.98) / 15, 1e-12);
  // Each confidence falls into a bin of its own: |0.8-1|, |0.6-0|, |0.9-1|, |0.4-1|, |0.5-0| over 5.
  EXPECT_NEAR(report.ece, (0.2 + 0.6 + 0.1 + 0.6 + 0.5) / 5, 1e-12);
}

// Wilson's interval for 3 of 5, from the closed form: 0.2307 to 0.8824.
TEST(ClassificationReport, IntervalIsWilsons) {
  const auto report =
      classification_report({1, 3, 5}, torch::full({5, 2}, 0.5, torch::kFloat64), torch::zeros({5}, torch::kInt64));
  EXPECT_NEAR(report.accuracy_interval.first, 0.2307, 1e-4);
  EXPECT_NEAR(report.accuracy_interval.second, 0.8824, 1e-4);
}

}  // namespace fer
