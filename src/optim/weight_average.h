#pragma once

#include <torch/types.h>

#include <vector>

namespace fer {

/// Exponential moving average of a net's weights and of what its batch norms know of them (Polyak and Juditsky 1992),
/// which often scores better than the weights themselves. The decay starts small, min(decay, (1 + t) / (10 + t)), so
/// that the start is forgotten soon.
class WeightAverage {
 public:
  /// @param parameters  all that is averaged: parameters, and running statistics, which do not fit other weights
  /// @param decay  share of the average that stays at each update, in (0, 1)
  WeightAverage(std::vector<torch::Tensor> parameters, double decay);

  /// After each step of the optimizer.
  void update();
  /// Puts the average into the net and keeps the weights, or the other way round.
  void swap();

  const std::vector<torch::Tensor>& average() const { return average_; }
  double updates() const { return updates_; }
  /// Goes on as after so many updates; average() is to be written by itself.
  void restore(double updates) { updates_ = updates; }

 private:
  std::vector<torch::Tensor> parameters_;
  std::vector<torch::Tensor> average_;
  double decay_;
  double updates_ = 0;
};

/// Has a net hold its average while it is in scope; of none, nothing happens.
class AverageInUse {
 public:
  explicit AverageInUse(WeightAverage* average) : average_(average) {
    if (average_ != nullptr) average_->swap();
  }
  AverageInUse(const AverageInUse&) = delete;
  AverageInUse& operator=(const AverageInUse&) = delete;
  ~AverageInUse() {
    if (average_ != nullptr) average_->swap();
  }

 private:
  WeightAverage* average_;
};

}  // namespace fer
