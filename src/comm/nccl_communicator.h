#pragma once

#include <optional>

#include "comm/nccl_group.h"

namespace fer {

/// Collectives on CUDA tensors by NCCL, queued on the current stream; host tensors go by MPI.
class NcclCommunicator final : public Communicator {
 public:
  /// Collective over `host`, which must outlive this. @param device  this rank's GPU; one rank per GPU.
  /// @throws Error (kPeer) if the ranks do not find each other in time.
  NcclCommunicator(MpiCommunicator& host, int device);

  int rank() const override { return host_.rank(); }
  int world_size() const override { return host_.world_size(); }

  void all_reduce(torch::Tensor& tensor, ReduceOp op) override;
  void broadcast(torch::Tensor& tensor, int root) override;
  torch::Tensor all_gather(const torch::Tensor& tensor) override { return host_.all_gather(tensor); }
  torch::Tensor exchange(const torch::Tensor& tensor, int peer) override { return host_.exchange(tensor, peer); }
  std::unique_ptr<Summation> make_summation(std::int64_t elements, const torch::TensorOptions& options) override;

  void close() override;

 private:
  MpiCommunicator& host_;
  int device_;
  NcclGroup group_;
  // Gradients have a communicator and a stream of their own, so that they overlap with all else.
  std::optional<NcclGroup> gradients_;
  std::optional<c10::cuda::CUDAStream> gradient_stream_;
};

}  // namespace fer
