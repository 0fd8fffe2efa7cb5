#include "comm/shared_summation.h"

#include <torch/torch.h>

#include <algorithm>

#include "comm/activity.h"
#include "comm/check.h"

namespace fer {
namespace {

constexpr std::int64_t kPage = 4096;  // elements, so at least as many bytes: no two ranks write in one page of memory

std::int64_t pages_of(std::int64_t elements) {
  return (elements + kPage - 1) / kPage;
}

}  // namespace

std::int64_t SharedSummation::size(std::int64_t elements, torch::ScalarType type, int ranks) {
  return (ranks + 1) * pages_of(elements) * kPage * static_cast<std::int64_t>(c10::elementSize(type));
}

SharedSummation::SharedSummation(std::int64_t elements, torch::ScalarType type, const torch::Tensor& memory,
                                 std::unique_ptr<MpiCommunicator> ranks)
    : ranks_(std::move(ranks)) {
  const auto pages = pages_of(elements);
  const auto world_size = ranks_->world_size();
  const auto rows = memory.view(type).view({world_size + 1, pages * kPage});
  for (int rank = 0; rank < world_size; ++rank) terms_.push_back(rows[rank].narrow(0, 0, elements));
  sum_ = rows[world_size].narrow(0, 0, elements);
  const auto first_element = [&](int rank) { return std::min(pages * rank / world_size * kPage, elements); };
  begin_ = first_element(ranks_->rank());
  end_ = first_element(ranks_->rank() + 1);
}

torch::Tensor SharedSummation::term() {
  return terms_[static_cast<std::size_t>(ranks_->rank())];
}

torch::Tensor SharedSummation::finish() {
  const torch::NoGradGuard no_grad;
  const CollectiveCall call("the sum of gradients");
  check_mpi(MPI_Barrier(ranks_->handle()));  // all terms are written
  const auto own_part = [&](const torch::Tensor& vector) { return vector.slice(0, begin_, end_); };
  auto sum = own_part(sum_);
  at::add_out(sum, own_part(terms_[0]), own_part(terms_[1]));
  for (std::size_t rank = 2; rank < terms_.size(); ++rank) sum += own_part(terms_[rank]);
  check_mpi(MPI_Barrier(ranks_->handle()));  // all parts are added up
  return sum_;
}

}  // namespace fer
