// Figures beside those of scikit-learn and statsmodels, which make_metrics_golden.py wrote down.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <fstream>

#include "train/significance.h"
#include "train/split_scores.h"

namespace fer {
namespace {

using Json = nlohmann::json;

constexpr double kTolerance = 1e-12;  // sums of up to a few thousand terms, each of an ulp

const Json& golden() {
  static const Json json = Json::parse(std::ifstream(FER_GOLDEN_FOLDER "/metrics.json"));
  return json;
}

torch::Tensor int_tensor(const Json& values) {
  return torch::tensor(values.get<std::vector<std::int64_t>>(), torch::kInt64);
}

/// [N, classes] float64
torch::Tensor probabilities_of(const Json& set) {
  std::vector<torch::Tensor> rows;
  for (const auto& row : set["answers"]) rows.push_back(int_tensor(row));
  return torch::stack(rows).to(torch::kFloat64) / golden()["units"].get<double>();
}

void expect_near(const std::vector<double>& values, const Json& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i].get<double>(), kTolerance) << i;
}

std::vector<double> by_class(const SplitScores& scores, double ClassScores::*figure) {
  std::vector<double> values;
  for (const auto& of_class : scores.per_class) values.push_back(of_class.*figure);
  return values;
}

}  // namespace

TEST(MetricsGolden, ScoresAreScikitLearns) {
  for (const auto& set : golden()["cases"]) {
    SCOPED_TRACE(set["classes"].dump() + " classes");
    const auto scores = score_split(probabilities_of(set), int_tensor(set["labels"]));
    EXPECT_EQ(scores.samples, std::ssize(set["labels"]));
    expect_near({scores.loss, scores.accuracy, scores.macro_f1, scores.ece, scores.squared_error},
                {set["loss"], set["accuracy"], set["macro_f1"], set["ece"], set["mse"]});
    expect_near(by_class(scores, &ClassScores::precision), set["precision"]);
    expect_near(by_class(scores, &ClassScores::recall), set["recall"]);
    expect_near(by_class(scores, &ClassScores::f1), set["f1"]);
    for (std::size_t c = 0; c < scores.per_class.size(); ++c) EXPECT_EQ(scores.per_class[c].support, set["support"][c]);
    EXPECT_EQ(Json(scores.confusion), set["confusion"]);
  }
}

TEST(MetricsGolden, McNemarsTestOfTwoNetsIsThatOfStatsmodels) {
  for (const auto& set : golden()["cases"]) {
    SCOPED_TRACE(set["classes"].dump() + " classes");
    const auto test =
        mcnemar_test(probabilities_of(set).argmax(1), int_tensor(set["rival"]), int_tensor(set["labels"]));
    EXPECT_EQ(test.first_alone, set["discordant"][0]);
    EXPECT_EQ(test.second_alone, set["discordant"][1]);
    EXPECT_NEAR(test.p_value, set["p_value"].get<double>(), kTolerance);
  }
}

TEST(MetricsGolden, McNemarsTestHoldsForFewSamplesAndForAMillion) {
  for (const auto& counts : golden()["mcnemar"]) {
    SCOPED_TRACE(counts.dump());
    EXPECT_NEAR(mcnemar_p_value(counts[0], counts[1]) / counts[2].get<double>(), 1, kTolerance);
  }
}

TEST(MetricsGolden, IntervalsAreThoseOfStatsmodels) {
  for (const auto& share : golden()["wilson"]) {
    SCOPED_TRACE(share.dump());
    const auto [low, high] = wilson_interval(share[0], share[1]);
    expect_near({low, high}, {share[2], share[3]});
  }
}

}  // namespace fer
