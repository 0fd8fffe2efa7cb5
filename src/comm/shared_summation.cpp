#include "comm/shared_summation.h"

#include <torch/torch.h>

#include <algorithm>

#include "comm/check.h"
#include "comm/host_memory.h"

namespace fer {

SharedSummation::SharedSummation(std::int64_t elements, const torch::TensorOptions& options,
                                 std::unique_ptr<MpiCommunicator> ranks)
    : ranks_(std::move(ranks)) {
  constexpr std::int64_t kPage = 4096;  // elements, so at least this many bytes: no two ranks write in one page
  const auto pages = (elements + kPage - 1) / kPage;
  const auto world_size = ranks_->world_size();
  const auto bytes = pages * kPage * static_cast<std::int64_t>(options.dtype().itemsize());
  const auto rows = make_host_memory((world_size + 1) * bytes, *ranks_)
                        .bytes.view(options.dtype().toScalarType())
                        .view({world_size + 1, pages * kPage});
  for (int rank = 0; rank < world_size; ++rank) terms_.push_back(rows[rank].narrow(0, 0, elements));
  sum_ = rows[world_size].narrow(0, 0, elements);
  const auto first_page = [&](int rank) { return std::min(pages * rank / world_size * kPage, elements); };
  begin_ = first_page(ranks_->rank());
  end_ = first_page(ranks_->rank() + 1);
}

torch::Tensor SharedSummation::term() {
  return terms_[static_cast<std::size_t>(ranks_->rank())];
}

void SharedSummation::start() {
  check_mpi(MPI_Ibarrier(ranks_->handle(), &all_written_));
}

void SharedSummation::progress() {
  int done = 0;
  check_mpi(MPI_Test(&all_written_, &done, MPI_STATUS_IGNORE));
}

torch::Tensor SharedSummation::finish() {
  const torch::NoGradGuard no_grad;
  check_mpi(MPI_Wait(&all_written_, MPI_STATUS_IGNORE));
  const auto own_part = [&](const torch::Tensor& vector) { return vector.slice(0, begin_, end_); };
  auto sum = own_part(sum_);
  at::add_out(sum, own_part(terms_[0]), own_part(terms_[1]));
  for (std::size_t rank = 2; rank < terms_.size(); ++rank) sum += own_part(terms_[rank]);
  check_mpi(MPI_Barrier(ranks_->handle()));
  return sum_;
}

}  // namespace fer
