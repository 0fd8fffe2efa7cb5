#pragma once

#include <torch/types.h>

#include <vector>

#include "train/evaluate.h"

namespace fer {

/// The mean of a figure of each of one or more members.
double mean_of_members(const std::vector<double>& figures);

/// The weighted mean of several nets' answers to one split.
class Ensemble {
 public:
  explicit Ensemble(Averaging averaging) : averaging_(averaging) {}

  /// @param answers  [N, classes] float64, of answers_of() with the same averaging
  /// @param weight   above 0
  void add(const torch::Tensor& answers, double weight = 1);

  /// [N, classes] float64: of logits their softmax. At least one net must have been added.
  torch::Tensor probabilities() const;

 private:
  Averaging averaging_;
  torch::Tensor sum_;
  double weights_ = 0;
};

}  // namespace fer
