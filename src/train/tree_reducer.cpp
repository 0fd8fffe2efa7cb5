#include "train/tree_reducer.h"

#include <torch/torch.h>

namespace fer {

TreeReducer::TreeReducer(std::vector<torch::Tensor> parameters, torch::nn::Module& net, Communicator& communicator)
    : parameters_(std::move(parameters)), net_(net), communicator_(communicator) {}

void TreeReducer::begin_step() {
  in_step_ = true;
  statistics_ = running_statistics(net_);
  at_begin_.clear();
  for (const auto& value : statistics_.values) at_begin_.push_back(value.clone());
  counts_at_begin_.clear();
  for (const auto& count : statistics_.counts) counts_at_begin_.push_back(count.clone());
}

void TreeReducer::begin_part() {
  const torch::NoGradGuard no_grad;
  if (!in_step_) return begin_step();
  for (std::size_t i = 0; i < at_begin_.size(); ++i) statistics_.values[i].copy_(at_begin_[i]);
}

void TreeReducer::end_part(double share) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> pieces;
  for (auto& parameter : parameters_) {
    auto& gradient = parameter.mutable_grad();
    // In the order of the parameter's memory, whatever that of the gradient.
    auto piece = torch::zeros_like(parameter);
    if (gradient.defined()) piece.copy_(gradient);
    pieces.push_back(piece.as_strided({piece.numel()}, {1}));
    gradient.reset();
  }
  for (const auto& value : statistics_.values) pieces.push_back((value * share).flatten());
  sums_.push_back({torch::cat(pieces), 0});
  while (sums_.size() > 1 && sums_.end()[-1].height == sums_.end()[-2].height) {
    sums_.end()[-2].values += sums_.back().values;
    ++sums_.end()[-2].height;
    sums_.pop_back();
  }
}

std::vector<torch::Tensor> TreeReducer::reduce() {
  const torch::NoGradGuard no_grad;
  auto total = sums_.at(0).values;
  // Either way of adding two numbers gives the same bits, so that both ranks of a pair have the same sum.
  for (int distance = 1; distance < communicator_.world_size(); distance *= 2)
    total += communicator_.exchange(total, communicator_.rank() ^ distance);
  std::int64_t position = 0;
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : parameters_) {
    gradients.push_back(total.as_strided(parameter.sizes(), parameter.strides(), position));
    position += parameter.numel();
  }
  for (auto& value : statistics_.values) {
    value.copy_(total.slice(0, position, position + value.numel()).view_as(value));
    position += value.numel();
  }
  for (std::size_t i = 0; i < counts_at_begin_.size(); ++i) statistics_.counts[i].copy_(counts_at_begin_[i] + 1);
  sums_.clear();
  in_step_ = false;
  return gradients;
}

}  // namespace fer
