#include "comm/mpi_communicator.h"

#include <spdlog/spdlog.h>

#include <limits>

#include "comm/activity.h"
#include "comm/check.h"
#include "comm/core_set.h"
#include "comm/host_memory.h"
#include "comm/mpi_summation.h"
#include "comm/shared_summation.h"

namespace fer {
namespace {

MPI_Datatype mpi_type(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return MPI_FLOAT;
    case torch::kFloat64:
      return MPI_DOUBLE;
    case torch::kInt64:
      return MPI_INT64_T;
    case torch::kInt32:
      return MPI_INT32_T;
    case torch::kUInt8:
      return MPI_UINT8_T;
    default:
      fail(std::string("MPI collectives do not carry tensors of type ") + toString(tensor.scalar_type()));
  }
}

MPI_Op mpi_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return MPI_SUM;
    case ReduceOp::kMin:
      return MPI_MIN;
    case ReduceOp::kMax:
      return MPI_MAX;
  }
  fail("unknown reduction");
}

int mpi_count(const torch::Tensor& tensor) {
  require(tensor.is_cpu() && tensor.is_contiguous(), "MPI collectives want contiguous host tensors");
  require(tensor.numel() <= std::numeric_limits<int>::max(), "a tensor has more elements than MPI can count");
  return static_cast<int>(tensor.numel());
}

/// Cores in the union of what the ranks of one host are bound to.
int cores_of_all(MPI_Comm host) {
  auto cores = allowed_cores();
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, cores.data(), sizeof(cores), MPI_BYTE, MPI_BOR, host));
  return count(cores);
}

}  // namespace

MpiCommunicator::MpiCommunicator(MPI_Comm parent) {
  const CollectiveCall call("the making of a communicator");
  check_mpi(MPI_Comm_dup(parent, &comm_));
  check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
  check_mpi(MPI_Comm_rank(comm_, &rank_));
  check_mpi(MPI_Comm_size(comm_, &world_size_));
  MPI_Comm host = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host));
  check_mpi(MPI_Comm_rank(host, &local_rank_));
  check_mpi(MPI_Comm_size(host, &local_size_));
  local_root_ = rank_;
  check_mpi(MPI_Bcast(&local_root_, 1, MPI_INT, /*root=*/0, host));
  local_cores_ = cores_of_all(host);
  check_mpi(MPI_Comm_free(&host));
  if constexpr (kHoldsOrder) order_.emplace(comm_);
}

MpiCommunicator::~MpiCommunicator() {
  order_.reset();
  if (const int status = MPI_Comm_free(&comm_); status != MPI_SUCCESS) spdlog::warn("MPI_Comm_free: {}", status);
}

/// Ahead of each collective of all ranks.
void MpiCommunicator::in_order(const char* name, std::int64_t bytes) {
  if (order_) order_->require_same(name, bytes);
}

void MpiCommunicator::all_reduce(torch::Tensor& tensor, ReduceOp op) {
  if (world_size_ == 1) return;
  if (!tensor.is_cpu()) {
    auto copy = tensor.to(torch::kCPU);
    all_reduce(copy, op);
    tensor.copy_(copy);
    return;
  }
  const CollectiveCall call("all_reduce");
  in_order("all_reduce", tensor.nbytes());
  check_mpi(
      MPI_Allreduce(MPI_IN_PLACE, tensor.mutable_data_ptr(), mpi_count(tensor), mpi_type(tensor), mpi_op(op), comm_));
}

void MpiCommunicator::broadcast(torch::Tensor& tensor, int root) {
  if (!tensor.is_cpu()) {
    auto copy = tensor.to(torch::kCPU);
    broadcast(copy, root);
    tensor.copy_(copy);
    return;
  }
  const CollectiveCall call("broadcast");
  in_order("broadcast", tensor.nbytes());
  check_mpi(MPI_Bcast(tensor.mutable_data_ptr(), mpi_count(tensor), mpi_type(tensor), root, comm_));
}

torch::Tensor MpiCommunicator::all_gather(const torch::Tensor& tensor) {
  std::vector<std::int64_t> shape(tensor.sizes().begin(), tensor.sizes().end());
  shape.insert(shape.begin(), world_size_);
  auto gathered = torch::empty(shape, tensor.options());
  const int count = mpi_count(tensor);
  const CollectiveCall call("all_gather");
  in_order("all_gather", tensor.nbytes());
  check_mpi(MPI_Allgather(tensor.const_data_ptr(), count, mpi_type(tensor), gathered.mutable_data_ptr(), count,
                          mpi_type(tensor), comm_));
  return gathered;
}

torch::Tensor MpiCommunicator::exchange(const torch::Tensor& tensor, int peer) {
  auto received = torch::empty_like(tensor);
  const int count = mpi_count(tensor);
  const CollectiveCall call("exchange");
  check_mpi(MPI_Sendrecv(tensor.const_data_ptr(), count, mpi_type(tensor), peer, /*sendtag=*/0,
                         received.mutable_data_ptr(), count, mpi_type(tensor), peer, /*recvtag=*/0, comm_,
                         MPI_STATUS_IGNORE));
  return received;
}

std::unique_ptr<Summation> MpiCommunicator::make_summation(std::int64_t elements, const torch::TensorOptions& options) {
  auto own = split(/*group=*/0);  // so that nothing comes between its messages
  if (options.device().is_cpu() && world_size_ > 1 && local_size_ == world_size_ && ranks_share_memory(*own)) {
    const auto type = options.dtype().toScalarType();
    if (const auto memory = make_host_memory(SharedSummation::size(elements, type, world_size_), *own); memory.shared)
      return std::make_unique<SharedSummation>(elements, type, memory.bytes, std::move(own));
  }
  return std::make_unique<MpiSummation>(elements, options, std::move(own));
}

std::unique_ptr<MpiCommunicator> MpiCommunicator::split(int group) {
  MPI_Comm part = MPI_COMM_NULL;
  const CollectiveCall call("the making of a communicator");
  in_order("split", 0);
  check_mpi(MPI_Comm_split(comm_, group, rank_, &part));
  auto communicator = std::make_unique<MpiCommunicator>(part);
  check_mpi(MPI_Comm_free(&part));
  return communicator;
}

void MpiCommunicator::broadcast_bytes(void* bytes, std::size_t size, int root) {
  const CollectiveCall call("broadcast");
  in_order("broadcast", static_cast<std::int64_t>(size));
  check_mpi(MPI_Bcast(bytes, static_cast<int>(size), MPI_BYTE, root, comm_));
}

}  // namespace fer
