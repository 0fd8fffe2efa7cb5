#include "train/tree_reducer.h"

#include <torch/torch.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "data/sampler.h"

namespace fer {

TreeReducer::TreeReducer(std::vector<torch::Tensor> parameters, torch::nn::Module& net, Communicator& communicator,
                         std::int64_t virtual_ranks)
    : GradientReducer(torch::kCPU),
      parameters_(std::move(parameters)),
      net_(net),
      communicator_(communicator),
      virtual_ranks_(virtual_ranks) {}

/// Takes the sum behind the last, and adds up what are halves of one subtree.
void TreeReducer::add_sum(std::vector<Sum>& sums, Sum sum) {
  while (!sums.empty() && sums.back().count == sum.count && sums.back().first % (2 * sum.count) == 0) {
    auto& half = sums.back();
    sum = {half.values += sum.values, half.first, 2 * sum.count};
    sums.pop_back();
  }
  sums.push_back(std::move(sum));
}

std::int64_t TreeReducer::first_part(std::int64_t rank) const {
  return first_virtual_rank(rank, communicator_.world_size(), virtual_ranks_);
}

/// The sums that a rank has at the end of a step, without values.
std::vector<TreeReducer::Sum> TreeReducer::subtrees_of(int rank) const {
  std::vector<Sum> subtrees;
  const auto end = first_part(rank + 1);
  for (auto first = first_part(rank); first < end; first += subtrees.back().count) {
    std::int64_t count = 1;
    while (first % (2 * count) == 0 && first + 2 * count <= end) count *= 2;
    subtrees.push_back({{}, first, count});
  }
  return subtrees;
}

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
  const auto part = sums_.empty() ? first_part(communicator_.rank()) : sums_.back().first + sums_.back().count;
  add_sum(sums_, {values, part, 1});
}

/// Where each rank has one subtree, and all are of one height.
void TreeReducer::exchange_sums() {
  auto& total = sums_.front().values;
  // Either way of adding two numbers gives the same bits, so that both ranks of a pair have the same sum.
  for (int distance = 1; distance < communicator_.world_size(); distance *= 2)
    total += communicator_.exchange(total, communicator_.rank() ^ distance);
}

/// What each rank has is gathered in places of their own, as many for each as for the one with the most.
void TreeReducer::gather_sums() {
  std::vector<std::vector<Sum>> of_ranks;
  std::size_t most = 0;
  for (int rank = 0; rank < communicator_.world_size(); ++rank) {
    of_ranks.push_back(subtrees_of(rank));
    most = std::max(most, of_ranks.back().size());
  }
  auto own = torch::zeros({static_cast<std::int64_t>(most), sums_.front().values.numel()});
  for (std::size_t i = 0; i < sums_.size(); ++i) own[static_cast<std::int64_t>(i)].copy_(sums_[i].values);
  const auto all = communicator_.all_gather(own);
  std::vector<Sum> joined;
  for (std::size_t rank = 0; rank < of_ranks.size(); ++rank)
    for (std::size_t i = 0; i < of_ranks[rank].size(); ++i) {
      auto sum = of_ranks[rank][i];
      sum.values = all[static_cast<std::int64_t>(rank)][static_cast<std::int64_t>(i)];
      add_sum(joined, std::move(sum));
    }
  require(joined.size() == 1, "virtual ranks that are no power of two");
  sums_.front().values.copy_(joined.front().values);
}

std::vector<torch::Tensor> TreeReducer::reduce() {
  const torch::NoGradGuard no_grad;
  if (std::has_single_bit(static_cast<unsigned>(communicator_.world_size())))
    exchange_sums();
  else
    gather_sums();
  auto views = views_like(summed_tensors(), sums_.front().values);
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
