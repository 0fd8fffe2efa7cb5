#include "optim/sgd.h"

#include <torch/torch.h>

namespace fer {

Sgd::Sgd(const OptimizerConfig& config, const NamedParameters& parameters)
    : momentum_(config.momentum), weight_decay_(config.weight_decay) {
  for (const auto& [name, parameter] : parameters) {
    names_.push_back(name);
    parameters_.push_back(parameter);
    if (momentum_ != 0) velocities_.push_back(torch::zeros_like(parameter));
  }
}

void Sgd::step(const std::vector<torch::Tensor>& gradients, double learning_rate) {
  const torch::NoGradGuard no_grad;
  at::_fused_sgd_(parameters_, gradients, velocities_, weight_decay_, momentum_, learning_rate, /*dampening=*/0.0,
                  /*nesterov=*/false, /*maximize=*/false, first_step_);
  first_step_ = false;
}

std::map<std::string, torch::Tensor> Sgd::state() const {
  std::map<std::string, torch::Tensor> state;
  for (std::size_t i = 0; i < velocities_.size(); ++i) state["momentum." + names_[i]] = velocities_[i];
  return state;
}

}  // namespace fer
