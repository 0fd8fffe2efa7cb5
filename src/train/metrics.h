#pragma once

#include <torch/types.h>

#include "comm/communicator.h"

namespace fer {

/// Sums over samples, divided once, at the end: means of means would weigh a short batch like a full one.
struct MetricSums {
  double loss_sum = 0;
  std::int64_t correct = 0;
  std::int64_t samples = 0;

  double loss() const { return loss_sum / static_cast<double>(samples); }
  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(samples); }
};

/// What of all parts that are summed up apart is a rank's.
struct MetricParts {
  std::int64_t first = 0;
  std::int64_t own = 1;
  std::int64_t all = 1;
};

/// Collects the sums of an epoch where the logits are, without waiting for a GPU at each step.
class MetricMeter {
 public:
  /// @param parts  each of one rank. They are added up in their order: with a virtual rank's sums in each the total does
  ///               not depend on the number of ranks
  explicit MetricMeter(torch::Device device, MetricParts parts = {});

  /// Begins anew, in the same memory.
  void reset() { values_.zero_(); }
  /// @param loss_sum  the batch's summed loss, a scalar.  @param part  of the own ones, from 0
  void add(const torch::Tensor& loss_sum, const torch::Tensor& logits, const torch::Tensor& labels,
           std::int64_t part = 0);
  /// This rank's sums so far.
  MetricSums sums() const;
  /// The memory in which they are.
  const torch::Tensor& values() const { return values_; }
  /// What restore() goes on from: [all parts, 3] float64. Collective.
  torch::Tensor of_all_ranks(Communicator& communicator) const;
  /// Takes what is this rank's of the rows that as many parts left, or others.
  void restore(const torch::Tensor& of_all_ranks);
  /// The sums of all ranks. Collective.
  MetricSums reduced(Communicator& communicator) const;

 private:
  MetricParts parts_;
  torch::Tensor values_;  // [own parts, 3] float64: loss, correct, samples
};

}  // namespace fer
