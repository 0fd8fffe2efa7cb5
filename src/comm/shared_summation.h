#pragma once

#include <memory>
#include <vector>

#include "comm/mpi_communicator.h"
#include "comm/summation.h"

namespace fer {

/// A summation on the ranks of one host, in memory that they share: each adds up its own part of the vector over all
/// ranks, in their order, and all read the whole. So a step moves each gradient once to where it is added and once
/// back, at the speed of memory; messages would copy it through buffers of their own. All of that is done in finish(),
/// for the cores that could do it meanwhile are computing. On a host of several sockets the memory is near one of them.
class SharedSummation final : public Summation {
 public:
  /// Bytes of memory it takes, for all ranks together.
  static std::int64_t size(std::int64_t elements, torch::ScalarType type, int ranks);

  /// @param memory  [size()] uint8, that these ranks share
  /// @param ranks   two or more
  SharedSummation(std::int64_t elements, torch::ScalarType type, const torch::Tensor& memory,
                  std::unique_ptr<MpiCommunicator> ranks);

  torch::Tensor term() override;
  void start() override {}
  torch::Tensor finish() override;
  std::string way() const override { return "through memory that they share"; }

 private:
  std::unique_ptr<MpiCommunicator> ranks_;
  std::vector<torch::Tensor> terms_;  // [elements] of each rank
  torch::Tensor sum_;                 // [elements]
  std::int64_t begin_, end_;          // of the part that this rank adds up
};

}  // namespace fer
