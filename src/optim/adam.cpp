#include "optim/adam.h"

#include <torch/torch.h>

namespace fer {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

Adam::Adam(const OptimizerConfig& config, const NamedParameters& parameters) : weight_decay_(config.weight_decay) {
  for (const auto& [name, parameter] : parameters) {
    names_.push_back(name);
    parameters_.push_back(parameter);
    means_.push_back(torch::zeros_like(parameter));
    squares_.push_back(torch::zeros_like(parameter));
    steps_.push_back(torch::zeros({}, torch::dtype(torch::kFloat32).device(parameter.device())));
  }
}

void Adam::step(const std::vector<torch::Tensor>& gradients, double learning_rate) {
  const torch::NoGradGuard no_grad;
  for (auto& count : steps_) count += 1;
  at::_fused_adam_(parameters_, gradients, means_, squares_, /*max_exp_avg_sqs=*/{}, steps_, learning_rate, kBeta1,
                   kBeta2, weight_decay_, kEpsilon, /*amsgrad=*/false, /*maximize=*/false);
}

std::map<std::string, torch::Tensor> Adam::state() const {
  std::map<std::string, torch::Tensor> state;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    state["exp_avg." + names_[i]] = means_[i];
    state["exp_avg_sq." + names_[i]] = squares_[i];
  }
  if (!steps_.empty()) state["step"] = steps_[0];
  return state;
}

}  // namespace fer
