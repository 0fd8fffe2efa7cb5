#pragma once

#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "train/metrics.h"

namespace fer {

/// The figures of one pass over a labelled split.
struct ClassificationReport {
  struct ClassScores {
    double precision = 0;
    double recall = 0;
    double f1 = 0;
    std::int64_t support = 0;  // samples of the class
  };

  MetricSums sums;
  std::vector<ClassScores> per_class;
  double macro_f1 = 0;                               // mean of the classes' F1
  std::vector<std::vector<std::int64_t>> confusion;  // [true][predicted]
  double ece = 0;  // expected calibration error, 15 bins (Guo et al., arXiv 1706.04599)
  double squared_error = 0;  // of probabilities against one-hot labels, mean over samples and classes
  std::pair<double, double> accuracy_interval = {0, 0};  // 95 %, Wilson
};

/// @param probabilities  [N, classes] float64
/// @param labels         [N] int64
ClassificationReport classification_report(const MetricSums& sums, const torch::Tensor& probabilities,
                                           const torch::Tensor& labels);

/// As metrics.json has it: accuracies from 0 to 1.
nlohmann::json to_json(const ClassificationReport& report, const std::vector<std::string>& classes);

}  // namespace fer
