#pragma once

#include <nccl.h>

#include <chrono>

#include "comm/mpi_communicator.h"

namespace fer {

/// Collectives on CUDA tensors by NCCL, queued on the current stream; host tensors go by MPI. The communicator is
/// non-blocking: a peer that died while ranks find each other, or while a collective is queued, is an error at a
/// deadline. What is queued has none: waiting for its result lasts as long as a peer that hangs.
class NcclCommunicator final : public Communicator {
 public:
  static constexpr std::chrono::seconds kStartDeadline{120};

  /// Collective over `host`, which must outlive this. @param device  this rank's GPU; one rank per GPU.
  /// @throws Error (kPeer) if the ranks do not find each other in time.
  NcclCommunicator(MpiCommunicator& host, int device);
  /// Aborts what is still open: a destructor must not wait for peers.
  ~NcclCommunicator() override;

  int rank() const override { return host_.rank(); }
  int world_size() const override { return host_.world_size(); }

  void all_reduce(torch::Tensor& tensor, ReduceOp op) override;
  void broadcast(torch::Tensor& tensor, int root) override;
  torch::Tensor all_gather(const torch::Tensor& tensor) override { return host_.all_gather(tensor); }
  torch::Tensor exchange(const torch::Tensor& tensor, int peer) override { return host_.exchange(tensor, peer); }

  void close() override;

 private:
  /// Polls until NCCL is done with what it does in the background.
  void wait_until_ready(std::chrono::steady_clock::time_point deadline);

  MpiCommunicator& host_;
  ncclComm_t comm_ = nullptr;
};

}  // namespace fer
