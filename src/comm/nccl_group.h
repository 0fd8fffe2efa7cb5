#pragma once

#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <chrono>

#include "comm/mpi_communicator.h"

namespace fer {

/// A communicator of NCCL. It is non-blocking: a peer that died while ranks find each other, or while a collective is
/// queued, is an error at a deadline. What is queued has none: waiting for its result lasts as long as a peer that
/// hangs.
class NcclGroup {
 public:
  static constexpr std::chrono::seconds kDeadline{120};

  /// Collective over `host`. @param device  this rank's GPU
  /// @throws Error (kPeer) if the ranks do not find each other in time.
  NcclGroup(MpiCommunicator& host, int device);
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;
  /// Aborts what is still open: a destructor must not wait for peers.
  ~NcclGroup();

  /// Queue a collective on `stream`, in place. Contiguous tensors on the device.
  void all_reduce(torch::Tensor& tensor, ncclRedOp_t op, const c10::cuda::CUDAStream& stream);
  void broadcast(torch::Tensor& tensor, int root, const c10::cuda::CUDAStream& stream);
  /// The orderly end: waits for what is under way. Collective.
  void close();

 private:
  /// Polls until NCCL is done with what it does in the background.
  void wait_until_ready();

  ncclComm_t comm_ = nullptr;
};

}  // namespace fer
