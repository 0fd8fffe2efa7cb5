#include "train/tree_reducer.h"

#include <torch/torch.h>

namespace fer {

TreeReducer::TreeReducer(std::vector<torch::Tensor> parameters, torch::nn::Module& net, Communicator& communicator)
    : GradientReducer(torch::kCPU), parameters_(std::move(parameters)), net_(net), communicator_(communicator) {}

void TreeReducer::begin_step() {
  in_step_ = true;
  statistics_ = running_statistics(net_);
  at_begin_.clear();
  for (const auto& value : statistics_.values) at_begin_.push_back(value.clone());
  counts_at_begin_.clear();
  for (const auto& count : statistics_.counts) counts_at_begin_.push_back(count.clone());
}

void TreeReducer::begin_part(bool /*last*/) {
  const torch::NoGradGuard no_grad;
  if (!in_step_) return begin_step();
  for (std::size_t i = 0; i < at_begin_.size(); ++i) statistics_.values[i].copy_(at_begin_[i]);
}

void TreeReducer::end_part(double share) {
  const torch::NoGradGuard no_grad;
  auto terms = take_gradients(parameters_);
  for (const auto& value : statistics_.values) terms.push_back(value * share);
  terms.push_back(own_requests_);
  const auto all = summed_tensors();
  auto values = flat_for(all);
  auto views = views_like(all, values);
  at::_foreach_copy_(views, terms);
  sums_.push_back({values, 0});
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
  auto views = views_like(summed_tensors(), total);
  for (std::size_t i = 0; i < statistics_.values.size(); ++i)
    statistics_.values[i].copy_(views[parameters_.size() + i]);
  for (std::size_t i = 0; i < counts_at_begin_.size(); ++i) statistics_.counts[i].copy_(counts_at_begin_[i] + 1);
  all_requests_.copy_(views.back());
  sums_.clear();
  in_step_ = false;
  views.resize(parameters_.size());
  return views;
}

/// Parameters, whose gradients are meant, then statistics, then requests.
std::vector<torch::Tensor> TreeReducer::summed_tensors() const {
  auto tensors = parameters_;
  tensors.insert(tensors.end(), statistics_.values.begin(), statistics_.values.end());
  tensors.push_back(own_requests_);
  return tensors;
}

}  // namespace fer
