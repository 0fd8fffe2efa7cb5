#pragma once

#include "optim/decay_group.h"

namespace fer {

/// Stochastic gradient descent with momentum, plain or Nesterov's, and L2 weight decay, as torch.optim.SGD, by the
/// fused kernel.
class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, const NamedParameters& parameters, bool nesterov);
  void step(const std::vector<torch::Tensor>& gradients, const torch::Tensor& learning_rate,
            const torch::Tensor& skip) override;
  std::map<std::string, torch::Tensor> state() const override;

 private:
  void on_restored() override { first_step_ = false; }

  struct Slots {
    DecayGroup group;
    std::vector<torch::Tensor> velocities;  // empty without momentum
  };

  double momentum_;
  bool nesterov_;
  std::vector<Slots> slots_;
  bool first_step_ = true;  // the velocity starts as the first gradient
};

}  // namespace fer
