#include "train/split_scores.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "train/significance.h"

namespace fer {

// Worked by hand: true 0 0 1 1 2, predicted 0 1 1 1 0.
TEST(SplitScores, CountAsOneWouldOnPaper) {
  const auto probabilities =
      torch::tensor({0.8, 0.1, 0.1, 0.2, 0.6, 0.2, 0.1, 0.9, 0.0, 0.3, 0.4, 0.3, 0.5, 0.3, 0.2}, torch::kFloat64)
          .view({5, 3});
  const auto labels = torch::tensor({0, 0, 1, 1, 2}, torch::kInt64);
  const auto scores = score_split(probabilities, labels);
  EXPECT_EQ(scores.samples, 5);
  EXPECT_DOUBLE_EQ(scores.accuracy, 0.6);
  EXPECT_NEAR(scores.loss, -std::log(0.8 * 0.2 * 0.9 * 0.4 * 0.2) / 5, 1e-12);
  EXPECT_EQ(scores.confusion, (std::vector<std::vector<std::int64_t>>{{1, 1, 0}, {0, 2, 0}, {1, 0, 0}}));
  EXPECT_DOUBLE_EQ(scores.per_class[0].precision, 0.5);
  EXPECT_DOUBLE_EQ(scores.per_class[0].recall, 0.5);
  EXPECT_DOUBLE_EQ(scores.per_class[1].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(scores.per_class[1].f1, 0.8);
  EXPECT_DOUBLE_EQ(scores.per_class[2].f1, 0.0);
  EXPECT_DOUBLE_EQ(scores.macro_f1, (0.5 + 0.8 + 0.0) / 3);
  EXPECT_EQ(scores.per_class[2].support, 1);
  EXPECT_NEAR(scores.squared_error, (0.06 + 1.04 + 0.02 + 0.54 + 0.98) / 15, 1e-12);
  // Each confidence falls into a bin of its own: |0.8-1|, |0.6-0|, |0.9-1|, |0.4-1|, |0.5-0| over 5.
  EXPECT_NEAR(scores.ece, (0.2 + 0.6 + 0.1 + 0.6 + 0.5) / 5, 1e-12);
}

// A bin holds its upper edge: 6/15 belongs to the sixth bin and the next number to the seventh; 1 to the last.
TEST(SplitScores, BinsOfConfidenceHoldTheirUpperEdge) {
  const double edge = 0.4, beyond = std::nextafter(edge, 1.0);
  const auto probabilities =
      torch::tensor({edge, 0.3, 0.3, beyond, 0.3, 0.3, 1.0, 0.0, 0.0}, torch::kFloat64).view({3, 3});
  const auto scores = score_split(probabilities, torch::tensor({0, 1, 0}, torch::kInt64));
  ASSERT_EQ(scores.confidence_bins.size(), 15U);
  std::int64_t samples = 0;
  for (const auto& bin : scores.confidence_bins) samples += bin.samples;
  EXPECT_EQ(samples, 3);
  EXPECT_EQ(scores.confidence_bins[5].samples, 1);
  EXPECT_EQ(scores.confidence_bins[5].correct, 1);
  EXPECT_EQ(scores.confidence_bins[5].confidence_sum, edge);
  EXPECT_EQ(scores.confidence_bins[6].samples, 1);
  EXPECT_EQ(scores.confidence_bins[6].correct, 0);
  EXPECT_EQ(scores.confidence_bins[14].samples, 1);
}

// metrics.json is read by others: its keys stay.
TEST(SplitScores, AreWrittenUnderTheirPromisedKeys) {
  const auto probabilities = torch::tensor({0.75, 0.25, 0.5, 0.5}, torch::kFloat64).view({2, 2});
  const auto json = to_json(score_split(probabilities, torch::tensor({0, 0}, torch::kInt64)), {"angry", "happy"});
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"accuracy", "accuracy_interval", "confusion", "ece", "loss", "macro_f1",
                                            "mse", "per_class", "samples"}));
  EXPECT_EQ(json.at("per_class").at("angry"), (nlohmann::json{{"precision", 1.0},
                                                              {"recall", 1.0},
                                                              {"recall_interval", {wilson_interval(2, 2).first, 1.0}},
                                                              {"f1", 1.0},
                                                              {"support", 2}}));
  EXPECT_EQ(json.at("per_class").at("happy").at("support"), 0);
}

}  // namespace fer
