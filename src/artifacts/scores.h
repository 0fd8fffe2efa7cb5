#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace fer {

struct ClassScores {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  std::int64_t support = 0;                                                  // samples of the class
  std::pair<double, double> recall_interval = {std::nan(""), std::nan("")};  // 95 %, Wilson; NaN where there is none
};

/// The answers whose confidence, the probability of the class they name, lies in one bin of equal width.
struct ConfidenceBin {
  std::int64_t samples = 0;
  double confidence_sum = 0;
  std::int64_t correct = 0;
};

/// The figures of one pass over a labelled split. Accuracies are shares, 0 to 1.
struct SplitScores {
  std::int64_t samples = 0;
  double loss = 0;  // mean cross entropy
  double accuracy = 0;
  std::pair<double, double> accuracy_interval = {0, 0};  // 95 %, Wilson
  double macro_f1 = 0;                                   // mean of the classes' F1
  std::vector<ClassScores> per_class;                    // by label
  std::vector<std::vector<std::int64_t>> confusion;      // [true][predicted]
  std::vector<ConfidenceBin> confidence_bins;            // from 0 to 1
  double ece = 0;            // expected calibration error over these bins (Guo et al., arXiv 1706.04599)
  double squared_error = 0;  // of probabilities against one-hot labels, mean over samples and classes
};

}  // namespace fer
