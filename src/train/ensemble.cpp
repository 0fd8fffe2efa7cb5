#include "train/ensemble.h"

#include <torch/torch.h>

#include <numeric>

#include "base/error.h"

namespace fer {

double mean_of_members(const std::vector<double>& figures) {
  require(!figures.empty(), "an ensemble without members has no figures");
  return std::accumulate(figures.begin(), figures.end(), 0.0) / static_cast<double>(figures.size());
}

void Ensemble::add(const torch::Tensor& answers, double weight) {
  sum_ = sum_.defined() ? sum_ + answers * weight : answers * weight;
  weights_ += weight;
}

torch::Tensor Ensemble::probabilities() const {
  require(sum_.defined(), "an ensemble without members has no answers");
  const auto mean = sum_ / weights_;
  return averaging_ == Averaging::kLogits ? mean.softmax(1) : mean;
}

}  // namespace fer
