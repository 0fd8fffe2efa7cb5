#include "optim/weight_average.h"

#include <torch/torch.h>

#include <algorithm>

namespace fer {

WeightAverage::WeightAverage(std::vector<torch::Tensor> parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay) {
  for (const auto& parameter : parameters_) average_.push_back(parameter.detach().clone());
}

void WeightAverage::update() {
  const torch::NoGradGuard no_grad;
  const double decay = std::min(decay_, (1 + updates_) / (10 + updates_));
  ++updates_;
  at::_foreach_lerp_(average_, parameters_, 1 - decay);
}

void WeightAverage::swap() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto weights = parameters_[i].detach().clone();
    parameters_[i].detach().copy_(average_[i]);
    average_[i].copy_(weights);
  }
}

}  // namespace fer
