#pragma once

#include <memory>

#include "comm/mpi_communicator.h"
#include "comm/summation.h"

namespace fer {

/// A summation by MPI's messages, for ranks on several hosts. They go on while a rank calls progress() or finish(). A
/// vector on a GPU goes through a copy on the host.
class MpiSummation final : public Summation {
 public:
  MpiSummation(std::int64_t elements, const torch::TensorOptions& options, std::unique_ptr<MpiCommunicator> ranks);

  torch::Tensor term() override { return term_; }
  void start() override;
  void progress() override;
  torch::Tensor finish() override;
  std::string way() const override { return "by MPI's messages"; }

 private:
  std::unique_ptr<MpiCommunicator> ranks_;
  torch::Tensor term_;     // [elements]
  torch::Tensor on_host_;  // the same, or its copy
  MPI_Request under_way_ = MPI_REQUEST_NULL;
};

}  // namespace fer
