#include "data/sampler.h"

#include <algorithm>

#include "base/error.h"

namespace fer {

Sampler::Sampler(std::int64_t samples, std::int64_t global_batch_size, int rank, int world_size)
    : samples_(samples), global_batch_size_(global_batch_size), rank_(rank), world_size_(world_size) {
  require(samples > 0 && global_batch_size > 0 && rank >= 0 && rank < world_size, "a sampler of nothing or of nobody");
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
  const auto per_rank = count / world_size_;
  const auto left_over = count % world_size_;  // the first ranks take one more each
  const auto own_begin = begin + rank_ * per_rank + std::min(rank_, left_over);
  const auto own_count = per_rank + (rank_ < left_over ? 1 : 0);
  const auto next = own_begin + own_count < begin + count ? own_begin + own_count : begin;
  return {std::span(order_).subspan(static_cast<std::size_t>(own_begin), static_cast<std::size_t>(own_count)),
          own_begin - begin, count, count != global_batch_size_, order_[static_cast<std::size_t>(next)]};
}

}  // namespace fer
