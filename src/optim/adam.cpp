#include "optim/adam.h"

#include <torch/torch.h>

namespace fer {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

Adam::Adam(const OptimizerConfig& config, const NamedParameters& parameters, Decay decay) : decay_(decay) {
  for (auto& group : decay_groups(config, parameters)) {
    Slots slots{std::move(group), {}, {}, {}};
    for (const auto& parameter : slots.group.parameters) {
      slots.means.push_back(torch::zeros_like(parameter));
      slots.squares.push_back(torch::zeros_like(parameter));
    }
    if (!count_.defined())
      count_ = torch::zeros({}, torch::dtype(torch::kFloat32).device(slots.group.parameters[0].device()));
    slots.steps.assign(slots.group.parameters.size(), count_);
    slots_.push_back(std::move(slots));
  }
}

void Adam::step(const std::vector<torch::Tensor>& gradients, const torch::Tensor& learning_rate,
                const torch::Tensor& skip) {
  const torch::NoGradGuard no_grad;
  count_ += 1 - skip;
  for (auto& [group, means, squares, steps] : slots_) {
    const auto kernel = [&](auto fused) {
      fused(group.parameters, group.own(gradients), means, squares, /*max_exp_avg_sqs=*/at::TensorList{}, steps,
            learning_rate, kBeta1, kBeta2, group.weight_decay, kEpsilon, /*amsgrad=*/false, /*maximize=*/false,
            /*grad_scale=*/std::nullopt, /*found_inf=*/skip);
    };
    if (decay_ == Decay::kGradients)
      kernel([](const auto&... arguments) { at::_fused_adam_(arguments...); });
    else
      kernel([](const auto&... arguments) { at::_fused_adamw_(arguments...); });
  }
}

std::map<std::string, torch::Tensor> Adam::state() const {
  std::map<std::string, torch::Tensor> state;
  for (const auto& [group, means, squares, steps] : slots_) {
    for (std::size_t i = 0; i < means.size(); ++i) {
      state["exp_avg." + group.names[i]] = means[i];
      state["exp_avg_sq." + group.names[i]] = squares[i];
    }
  }
  state["step"] = count_;
  return state;
}

}  // namespace fer
