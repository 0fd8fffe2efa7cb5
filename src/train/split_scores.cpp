#include "train/split_scores.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "train/significance.h"

namespace fer {
namespace {

constexpr std::size_t kConfidenceBins = 15;

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Minus the logarithm of each sample's probability of its own class, summed.
double cross_entropy_sum(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  // A net may be surer of another class than doubles can say: its loss counts as about 708 then, not as infinite.
  const auto losses =
      -probabilities.gather(1, labels.unsqueeze(1)).squeeze(1).clamp_min(std::numeric_limits<double>::min()).log();
  const auto loss = losses.accessor<double, 1>();
  double sum = 0;
  for (std::int64_t i = 0; i < loss.size(0); ++i) sum += loss[i];
  return sum;
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

ClassScores class_scores(const std::vector<std::vector<std::int64_t>>& confusion, std::size_t c) {
  std::int64_t support = 0, predicted = 0;
  for (std::size_t other = 0; other < confusion.size(); ++other) {
    support += confusion[c][other];
    predicted += confusion[other][c];
  }
  const auto hits = confusion[c][c];
  // F1 is 2 hits / (support + predicted), which is 0 rather than undefined for a class that is never predicted.
  return {ratio(hits, predicted), ratio(hits, support), ratio(2 * hits, support + predicted), support,
          wilson_interval(hits, support)};
}

/// As Guo et al. have them, a bin holds its upper edge and not its lower one; the first takes 0 too.
std::size_t bin_of(double confidence) {
  std::size_t bin = 0;
  while (bin + 1 < kConfidenceBins && confidence > static_cast<double>(bin + 1) / kConfidenceBins) ++bin;
  return bin;
}

std::vector<ConfidenceBin> confidence_bins(const torch::Tensor& confidences, const torch::Tensor& predicted,
                                           const torch::Tensor& labels) {
  std::vector<ConfidenceBin> bins(kConfidenceBins);
  const auto confidence = confidences.accessor<double, 1>();
  const auto said = predicted.accessor<std::int64_t, 1>(), truth = labels.accessor<std::int64_t, 1>();
  for (std::int64_t i = 0; i < confidence.size(0); ++i) {
    auto& bin = bins[bin_of(confidence[i])];
    ++bin.samples;
    bin.confidence_sum += confidence[i];
    bin.correct += said[i] == truth[i];
  }
  return bins;
}

/// Each bin's gap between mean confidence and accuracy, weighed by its share of the samples.
double expected_calibration_error(const std::vector<ConfidenceBin>& bins, std::int64_t samples) {
  double error = 0;
  for (const auto& bin : bins) error += std::abs(bin.confidence_sum - static_cast<double>(bin.correct));
  return error / static_cast<double>(samples);
}

}  // namespace

SplitScores score_split(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  const auto [confidence, predicted] = probabilities.max(1);
  const auto correct = predicted.eq(labels).sum().item<std::int64_t>();
  SplitScores scores;
  scores.samples = labels.numel();
  const auto samples = static_cast<double>(scores.samples);
  scores.loss = cross_entropy_sum(probabilities, labels) / samples;
  scores.accuracy = static_cast<double>(correct) / samples;
  scores.accuracy_interval = wilson_interval(correct, scores.samples);
  scores.confusion = confusion_matrix(predicted, labels, probabilities.size(1));
  for (std::size_t c = 0; c < scores.confusion.size(); ++c) {
    scores.per_class.push_back(class_scores(scores.confusion, c));
    scores.macro_f1 += scores.per_class.back().f1 / static_cast<double>(scores.confusion.size());
  }
  scores.confidence_bins = confidence_bins(confidence, predicted, labels);
  scores.ece = expected_calibration_error(scores.confidence_bins, scores.samples);
  scores.squared_error = (probabilities - torch::one_hot(labels, probabilities.size(1))).square().mean().item<double>();
  return scores;
}

nlohmann::json to_json(const SplitScores& scores, const std::vector<std::string>& classes) {
  auto per_class = nlohmann::json::object();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto& of_class = scores.per_class.at(c);
    per_class[classes[c]] = {{"precision", of_class.precision},
                             {"recall", of_class.recall},
                             {"recall_interval", {of_class.recall_interval.first, of_class.recall_interval.second}},
                             {"f1", of_class.f1},
                             {"support", of_class.support}};
  }
  return {{"samples", scores.samples},
          {"loss", scores.loss},
          {"accuracy", scores.accuracy},
          {"accuracy_interval", {scores.accuracy_interval.first, scores.accuracy_interval.second}},
          {"macro_f1", scores.macro_f1},
          {"per_class", per_class},
          {"confusion", scores.confusion},
          {"mse", scores.squared_error},
          {"ece", scores.ece}};
}

}  // namespace fer
