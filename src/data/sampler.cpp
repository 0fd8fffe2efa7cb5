#include "data/sampler.h"

#include <algorithm>

#include "base/error.h"

namespace fer {

Sampler::Sampler(std::int64_t samples, std::int64_t global_batch_size, int rank, int world_size,
                 std::int64_t virtual_ranks)
    : samples_(samples),
      global_batch_size_(global_batch_size),
      rank_(rank),
      world_size_(world_size),
      virtual_ranks_(virtual_ranks) {
  require(samples > 0 && global_batch_size > 0 && rank >= 0 && rank < world_size, "a sampler of nothing or of nobody");
  require(virtual_ranks == 0 || virtual_ranks >= world_size, "a rank without a virtual rank");
}

std::int64_t Sampler::steps_per_epoch() const {
  const auto full = samples_ / global_batch_size_;
  const auto tail = samples_ % global_batch_size_;
  const bool tail_is_a_step = tail > 1 || full == 0;
  return full + (tail > 0 && tail_is_a_step ? 1 : 0);
}

void Sampler::start_epoch(std::vector<std::int64_t> order) {
  require(static_cast<std::int64_t>(order.size()) == samples_, "an epoch's order is of another length");
  order_ = std::move(order);
}

StepShare Sampler::share(std::int64_t step) const {
  const bool last = step == steps_per_epoch() - 1;
  const auto begin = step * global_batch_size_;
  const auto count = last ? samples_ - begin : global_batch_size_;
  const auto first = first_row_of_rank(rank_, count), end = first_row_of_rank(rank_ + 1, count);
  StepShare share{
      std::span(order_).subspan(static_cast<std::size_t>(begin + first), static_cast<std::size_t>(end - first)),
      first,
      count,
      count != global_batch_size_,
      {},
      0};
  share.next = order_[static_cast<std::size_t>(begin + (end < count ? end : 0))];
  const auto own_end = first_virtual_rank(rank_ + 1, world_size_, virtual_ranks_);
  for (auto i = first_virtual_rank(rank_, world_size_, virtual_ranks_); i < own_end; ++i)
    share.virtual_rows.push_back(first_row_of_virtual_rank(i + 1, count) - first_row_of_virtual_rank(i, count));
  return share;
}

std::int64_t Sampler::first_row_of_rank(std::int64_t rank, std::int64_t count) const {
  if (virtual_ranks_ > 0)
    return first_row_of_virtual_rank(first_virtual_rank(rank, world_size_, virtual_ranks_), count);
  return rank * (count / world_size_) + std::min(rank, count % world_size_);  // the first ranks take one more each
}

std::int64_t Sampler::first_row_of_virtual_rank(std::int64_t rank, std::int64_t count) const {
  auto busy = virtual_ranks_;
  while (busy > 1 && count < 2 * busy) busy /= 2;
  const auto each = virtual_ranks_ / busy;
  return count * ((rank + each - 1) / each) / busy;  // the first of `each` neighbours takes what is theirs
}

}  // namespace fer
