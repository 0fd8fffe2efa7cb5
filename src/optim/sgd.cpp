#include "optim/sgd.h"

#include <torch/torch.h>

namespace fer {

Sgd::Sgd(const OptimizerConfig& config, const NamedParameters& parameters, bool nesterov)
    : momentum_(config.momentum), nesterov_(nesterov && config.momentum != 0) {
  for (auto& group : decay_groups(config, parameters)) {
    Slots slots{std::move(group), {}};
    if (momentum_ != 0)
      for (const auto& parameter : slots.group.parameters) slots.velocities.push_back(torch::zeros_like(parameter));
    slots_.push_back(std::move(slots));
  }
}

void Sgd::step(const std::vector<torch::Tensor>& gradients, const torch::Tensor& learning_rate,
               const torch::Tensor& skip) {
  const torch::NoGradGuard no_grad;
  for (auto& [group, velocities] : slots_)
    at::_fused_sgd_(group.parameters, group.own(gradients), velocities, group.weight_decay, momentum_, learning_rate,
                    /*dampening=*/0.0, nesterov_, /*maximize=*/false, first_step_,
                    /*grad_scale=*/std::nullopt, /*found_inf=*/skip);
  first_step_ = false;
}

std::map<std::string, torch::Tensor> Sgd::state() const {
  std::map<std::string, torch::Tensor> state;
  for (const auto& [group, velocities] : slots_)
    for (std::size_t i = 0; i < velocities.size(); ++i) state["momentum." + group.names[i]] = velocities[i];
  return state;
}

}  // namespace fer
