#include "comm/nccl_communicator.h"

#include <c10/cuda/CUDAStream.h>
#include <spdlog/spdlog.h>

#include <thread>

#include "comm/check_cuda.h"

namespace fer {
namespace {

using Clock = std::chrono::steady_clock;

ncclDataType_t nccl_type(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return ncclFloat32;
    case torch::kFloat64:
      return ncclFloat64;
    case torch::kInt64:
      return ncclInt64;
    case torch::kInt32:
      return ncclInt32;
    case torch::kUInt8:
      return ncclUint8;
    default:
      fail(std::string("NCCL collectives do not carry tensors of type ") + toString(tensor.scalar_type()));
  }
}

ncclRedOp_t nccl_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return ncclSum;
    case ReduceOp::kMin:
      return ncclMin;
    case ReduceOp::kMax:
      return ncclMax;
  }
  fail("unknown reduction");
}

}  // namespace

NcclCommunicator::NcclCommunicator(MpiCommunicator& host, int device) : host_(host) {
  ncclUniqueId id{};
  if (host_.rank() == 0) check_nccl(ncclGetUniqueId(&id));
  host_.broadcast_bytes(&id, sizeof(id), /*root=*/0);
  check_cuda(cudaSetDevice(device));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  start_nccl(ncclCommInitRankConfig(&comm_, host_.world_size(), id, host_.rank(), &config));
  wait_until_ready(Clock::now() + kStartDeadline);
}

NcclCommunicator::~NcclCommunicator() {
  if (comm_ == nullptr) return;
  if (const ncclResult_t status = ncclCommAbort(comm_); status != ncclSuccess && status != ncclInProgress)
    spdlog::warn("ncclCommAbort: {}", ncclGetErrorString(status));
}

void NcclCommunicator::all_reduce(torch::Tensor& tensor, ReduceOp op) {
  if (tensor.is_cpu()) return host_.all_reduce(tensor, op);  // metrics stay on the host
  require(tensor.is_contiguous(), "NCCL collectives want contiguous tensors");
  start_nccl(ncclAllReduce(tensor.const_data_ptr(), tensor.mutable_data_ptr(), static_cast<std::size_t>(tensor.numel()),
                           nccl_type(tensor), nccl_op(op), comm_, c10::cuda::getCurrentCUDAStream()));
  wait_until_ready(Clock::now() + kStartDeadline);  // for the launch, not for the result
}

void NcclCommunicator::broadcast(torch::Tensor& tensor, int root) {
  if (tensor.is_cpu()) return host_.broadcast(tensor, root);
  require(tensor.is_contiguous(), "NCCL collectives want contiguous tensors");
  start_nccl(ncclBroadcast(tensor.const_data_ptr(), tensor.mutable_data_ptr(), static_cast<std::size_t>(tensor.numel()),
                           nccl_type(tensor), root, comm_, c10::cuda::getCurrentCUDAStream()));
  wait_until_ready(Clock::now() + kStartDeadline);
}

void NcclCommunicator::close() {
  check_cuda(cudaDeviceSynchronize());
  start_nccl(ncclCommFinalize(comm_));
  wait_until_ready(Clock::now() + kStartDeadline);
  check_nccl(ncclCommDestroy(std::exchange(comm_, nullptr)));
}

void NcclCommunicator::wait_until_ready(Clock::time_point deadline) {
  ncclResult_t state = ncclInProgress;
  for (check_nccl(ncclCommGetAsyncError(comm_, &state)); state == ncclInProgress;
       check_nccl(ncclCommGetAsyncError(comm_, &state))) {
    require(Clock::now() < deadline, ExitCode::kPeer,
            "NCCL did not get through to all ranks in time: a rank may have died, or the hosts do not reach each other "
            "on the interface that NCCL chose (NCCL_SOCKET_IFNAME).");
    std::this_thread::yield();
  }
  check_nccl(state);
}

}  // namespace fer
