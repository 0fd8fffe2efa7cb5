#include "comm/nccl_group.h"

#include <spdlog/spdlog.h>

#include <thread>
#include <utility>

#include "comm/activity.h"
#include "comm/check_cuda.h"

namespace fer {
namespace {

ncclDataType_t nccl_type(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return ncclFloat32;
    case torch::kFloat64:
      return ncclFloat64;
    case torch::kBFloat16:
      return ncclBfloat16;
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

}  // namespace

NcclGroup::NcclGroup(MpiCommunicator& host, int device) {
  ncclUniqueId id{};
  if (host.rank() == 0) check_nccl(ncclGetUniqueId(&id));
  host.broadcast_bytes(&id, sizeof(id), /*root=*/0);
  check_cuda(cudaSetDevice(device));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  start_nccl(ncclCommInitRankConfig(&comm_, host.world_size(), id, host.rank(), &config));
  wait_until_ready();
}

NcclGroup::~NcclGroup() {
  if (comm_ == nullptr) return;
  if (const ncclResult_t status = ncclCommAbort(comm_); status != ncclSuccess && status != ncclInProgress)
    spdlog::warn("ncclCommAbort: {}", ncclGetErrorString(status));
}

void NcclGroup::all_reduce(torch::Tensor& tensor, ncclRedOp_t op, const c10::cuda::CUDAStream& stream) {
  require(tensor.is_contiguous(), "NCCL collectives want contiguous tensors");
  start_nccl(ncclAllReduce(tensor.const_data_ptr(), tensor.mutable_data_ptr(), static_cast<std::size_t>(tensor.numel()),
                           nccl_type(tensor), op, comm_, stream));
  wait_until_ready();  // for the launch, not for the result
}

void NcclGroup::broadcast(torch::Tensor& tensor, int root, const c10::cuda::CUDAStream& stream) {
  require(tensor.is_contiguous(), "NCCL collectives want contiguous tensors");
  start_nccl(ncclBroadcast(tensor.const_data_ptr(), tensor.mutable_data_ptr(), static_cast<std::size_t>(tensor.numel()),
                           nccl_type(tensor), root, comm_, stream));
  wait_until_ready();
}

void NcclGroup::close() {
  start_nccl(ncclCommFinalize(comm_));
  wait_until_ready();
  check_nccl(ncclCommDestroy(std::exchange(comm_, nullptr)));
}

void NcclGroup::wait_until_ready() {
  const CollectiveCall call("a call of NCCL");
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + kDeadline;
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
