#pragma once

#include <mpi.h>

#include <memory>
#include <optional>

#include "comm/collective_order.h"
#include "comm/communicator.h"

namespace fer {

/// Collectives by MPI: what CPU ranks train with, and the reference that other backends are tested against. Tensors on
/// a GPU go through a copy on the host, which is slow but right. Owns a duplicate of `parent` that returns errors
/// instead of aborting.
class MpiCommunicator final : public Communicator {
 public:
  /// Collective over `parent`.
  explicit MpiCommunicator(MPI_Comm parent);
  ~MpiCommunicator() override;

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }
  /// This rank's number, and the number of ranks, on its own host.
  int local_rank() const { return local_rank_; }
  int local_size() const { return local_size_; }
  /// The rank that is the first on this host.
  int local_root() const { return local_root_; }
  /// Cores that the ranks of this host may use, all together.
  int local_cores() const { return local_cores_; }
  MPI_Comm handle() const { return comm_; }

  void all_reduce(torch::Tensor& tensor, ReduceOp op) override;
  void broadcast(torch::Tensor& tensor, int root) override;
  torch::Tensor all_gather(const torch::Tensor& tensor) override;
  torch::Tensor exchange(const torch::Tensor& tensor, int peer) override;
  std::unique_ptr<Summation> make_summation(std::int64_t elements, const torch::TensorOptions& options) override;
  /// A communicator of the ranks that gave the same `group`, in the order they have here. Collective.
  std::unique_ptr<MpiCommunicator> split(int group);
  /// Plain bytes, for handles that are no tensors.
  void broadcast_bytes(void* bytes, std::size_t size, int root);

 private:
  void in_order(const char* name, std::int64_t bytes);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int world_size_ = 1;
  int local_rank_ = 0;
  int local_size_ = 1;
  int local_root_ = 0;
  int local_cores_ = 1;
  std::optional<CollectiveOrder> order_;  // which the ranks are held to, in debug builds
};

}  // namespace fer
