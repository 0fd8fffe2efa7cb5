#pragma once

#include "optim/optimizer.h"

namespace fer {

/// Stochastic gradient descent with momentum and L2 weight decay, as torch.optim.SGD, by the fused kernel.
class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, const NamedParameters& parameters);
  void step(const std::vector<torch::Tensor>& gradients, double learning_rate) override;
  std::map<std::string, torch::Tensor> state() const override;

 private:
  double momentum_;
  double weight_decay_;
  std::vector<std::string> names_;
  std::vector<torch::Tensor> parameters_;
  std::vector<torch::Tensor> velocities_;  // empty without momentum
  bool first_step_ = true;                 // the velocity starts as the first gradient
};

}  // namespace fer
