#include "comm/mpi_summation.h"

#include <torch/torch.h>

#include <limits>

#include "comm/activity.h"
#include "comm/check.h"

namespace fer {
namespace {

struct Addition {
  MPI_Datatype type;
  MPI_Op operation;
};

/// MPI knows no bfloat16: its numbers travel as 16 bits each, and are added by this.
void add_bfloat16(void* terms, void* sums, int* count, MPI_Datatype* /*type*/) {
  const auto* term = static_cast<const c10::BFloat16*>(terms);
  auto* sum = static_cast<c10::BFloat16*>(sums);
  for (int i = 0; i < *count; ++i) sum[i] = sum[i] + term[i];
}

MPI_Op bfloat16_addition() {
  static const MPI_Op operation = [] {
    MPI_Op made = MPI_OP_NULL;
    check_mpi(MPI_Op_create(add_bfloat16, /*commute=*/1, &made));
    return made;
  }();
  return operation;
}

Addition addition_of(torch::ScalarType type) {
  if (type == torch::kFloat32) return {MPI_FLOAT, MPI_SUM};
  if (type == torch::kFloat64) return {MPI_DOUBLE, MPI_SUM};
  require(type == torch::kBFloat16, std::string("MPI does not add up numbers of type ") + toString(type));
  return {MPI_UINT16_T, bfloat16_addition()};
}

}  // namespace

MpiSummation::MpiSummation(std::int64_t elements, const torch::TensorOptions& options,
                           std::unique_ptr<MpiCommunicator> ranks)
    : ranks_(std::move(ranks)),
      term_(torch::zeros({elements}, options)),
      on_host_(term_.is_cpu() ? term_ : torch::empty({elements}, options.device(torch::kCPU))) {
  require(elements <= std::numeric_limits<int>::max(), "a vector has more elements than MPI can count");
}

void MpiSummation::start() {
  if (!term_.is_cpu()) on_host_.copy_(term_);
  const auto [type, operation] = addition_of(on_host_.scalar_type());
  check_mpi(MPI_Iallreduce(MPI_IN_PLACE, on_host_.mutable_data_ptr(), static_cast<int>(on_host_.numel()), type,
                           operation, ranks_->handle(), &under_way_));
}

void MpiSummation::progress() {
  int done = 0;
  check_mpi(MPI_Test(&under_way_, &done, MPI_STATUS_IGNORE));
}

torch::Tensor MpiSummation::finish() {
  const CollectiveCall call("the sum of gradients");
  check_mpi(MPI_Wait(&under_way_, MPI_STATUS_IGNORE));
  if (!term_.is_cpu()) term_.copy_(on_host_);
  return term_;
}

}  // namespace fer
