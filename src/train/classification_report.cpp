#include "train/classification_report.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace fer {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::vector<std::vector<std::int64_t>> confusion_matrix(const torch::Tensor& predicted, const torch::Tensor& labels,
                                                        std::int64_t classes) {
  const auto counts = torch::bincount(labels * classes + predicted, {}, classes * classes);
  std::vector<std::vector<std::int64_t>> matrix;
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto* row = counts.data_ptr<std::int64_t>() + c * classes;
    matrix.emplace_back(row, row + classes);
  }
  return matrix;
}

ClassificationReport::ClassScores class_scores(const std::vector<std::vector<std::int64_t>>& confusion, std::size_t c) {
  std::int64_t support = 0, predicted = 0;
  for (std::size_t other = 0; other < confusion.size(); ++other) {
    support += confusion[c][other];
    predicted += confusion[other][c];
  }
  const auto hits = confusion[c][c];
  // F1 is 2 hits / (support + predicted), which is 0 rather than undefined for a class that is never predicted.
  return {ratio(hits, predicted), ratio(hits, support), ratio(2 * hits, support + predicted), support};
}

double expected_calibration_error(const torch::Tensor& confidence, const torch::Tensor& hit) {
  constexpr int kBins = 15;
  std::vector<double> confidence_sum(kBins), hit_sum(kBins);
  for (std::int64_t i = 0; i < confidence.numel(); ++i) {
    const auto value = confidence[i].item<double>();
    const auto bin = static_cast<std::size_t>(std::clamp(static_cast<int>(value * kBins), 0, kBins - 1));
    confidence_sum[bin] += value;
    hit_sum[bin] += hit[i].item<bool>() ? 1.0 : 0.0;
  }
  double error = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) error += std::abs(confidence_sum[bin] - hit_sum[bin]);
  return error / static_cast<double>(confidence.numel());
}

/// Wilson's score interval (1927), which stays within [0, 1] and holds for small samples too.
std::pair<double, double> wilson_interval(double share, std::int64_t samples) {
  constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const auto n = static_cast<double>(samples);
  const double centre = (share + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ / (1 + kZ * kZ / n) * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  return {centre - half, centre + half};
}

}  // namespace

ClassificationReport classification_report(const MetricSums& sums, const torch::Tensor& probabilities,
                                           const torch::Tensor& labels) {
  ClassificationReport report;
  const auto [confidence, predicted] = probabilities.max(1);
  report.sums = sums;
  report.confusion = confusion_matrix(predicted, labels, probabilities.size(1));
  for (std::size_t c = 0; c < report.confusion.size(); ++c) {
    report.per_class.push_back(class_scores(report.confusion, c));
    report.macro_f1 += report.per_class.back().f1 / static_cast<double>(report.confusion.size());
  }
  report.ece = expected_calibration_error(confidence, predicted.eq(labels));
  report.squared_error = (probabilities - torch::one_hot(labels, probabilities.size(1))).square().mean().item<double>();
  report.accuracy_interval = wilson_interval(sums.accuracy(), sums.samples);
  return report;
}

nlohmann::json to_json(const ClassificationReport& report, const std::vector<std::string>& classes) {
  auto per_class = nlohmann::json::object();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto& scores = report.per_class.at(c);
    per_class[classes[c]] = {
        {"precision", scores.precision}, {"recall", scores.recall}, {"f1", scores.f1}, {"support", scores.support}};
  }
  return {{"samples", report.sums.samples},
          {"loss", report.sums.loss()},
          {"accuracy", report.sums.accuracy()},
          {"accuracy_interval", {report.accuracy_interval.first, report.accuracy_interval.second}},
          {"macro_f1", report.macro_f1},
          {"per_class", per_class},
          {"confusion", report.confusion},
          {"mse", report.squared_error},
          {"ece", report.ece}};
}

}  // namespace fer
