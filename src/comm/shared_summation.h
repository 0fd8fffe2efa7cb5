#pragma once

#include <memory>
#include <vector>

#include "comm/mpi_communicator.h"
#include "comm/summation.h"

namespace fer {

/// A summation on the ranks of one host, in memory that they share: each adds up its own part of the vector over all
/// ranks, in their order, and all read the whole. So a step moves each gradient once to where it is added and once
/// back, at the speed of memory; messages would copy it through buffers of their own.
class SharedSummation final : public Summation {
 public:
  /// Collective. @param ranks  two or more of one host, which share memory, as ranks_share_memory() tells
  SharedSummation(std::int64_t elements, const torch::TensorOptions& options, std::unique_ptr<MpiCommunicator> ranks);

  torch::Tensor term() override;
  void start() override;
  void progress() override;
  torch::Tensor finish() override;

 private:
  std::unique_ptr<MpiCommunicator> ranks_;
  std::vector<torch::Tensor> terms_;  // [elements] of each rank
  torch::Tensor sum_;                 // [elements]
  std::int64_t begin_, end_;          // of the part that this rank adds up
  MPI_Request all_written_ = MPI_REQUEST_NULL;
};

}  // namespace fer
