#include "train/gradient_reducer.h"

#include <torch/torch.h>

namespace fer {

FlatReducer::FlatReducer(std::vector<torch::Tensor> parameters, Communicator& communicator)
    : parameters_(std::move(parameters)), communicator_(communicator) {
  std::int64_t elements = 0;
  for (const auto& parameter : parameters_) elements += parameter.numel();
  bucket_ = torch::zeros({elements}, parameters_.at(0).options().requires_grad(false));
  std::int64_t offset = 0;
  for (const auto& parameter : parameters_) {
    // With the parameter's own strides the optimizer's kernel can walk both in memory order.
    views_.push_back(bucket_.as_strided(parameter.sizes(), parameter.strides(), offset));
    offset += parameter.numel();
  }
}

std::vector<torch::Tensor> FlatReducer::reduce() {
  const torch::NoGradGuard no_grad;
  auto gradients = take_gradients();
  if (communicator_.world_size() == 1) return gradients;
  at::_foreach_copy_(views_, gradients);
  communicator_.all_reduce(bucket_, ReduceOp::kSum);
  return views_;
}

std::vector<torch::Tensor> FlatReducer::take_gradients() {
  std::vector<torch::Tensor> gradients;
  for (auto& parameter : parameters_) {
    auto& gradient = parameter.mutable_grad();
    gradients.push_back(gradient.defined() ? gradient : torch::zeros_like(parameter));
    gradient.reset();
  }
  return gradients;
}

}  // namespace fer
