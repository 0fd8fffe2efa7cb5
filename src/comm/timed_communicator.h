#pragma once

#include "comm/communicator.h"

namespace fer {

/// Another communicator, with a clock: how long this rank was in calls of it and of its summations, waiting for others
/// or moving bytes. On GPUs most of that goes on after the calls.
class TimedCommunicator final : public Communicator {
 public:
  explicit TimedCommunicator(Communicator& inner) : inner_(inner) {}

  /// In all calls so far.
  double seconds() const { return seconds_; }

  int rank() const override { return inner_.rank(); }
  int world_size() const override { return inner_.world_size(); }
  void all_reduce(torch::Tensor& tensor, ReduceOp op) override;
  void broadcast(torch::Tensor& tensor, int root) override;
  torch::Tensor all_gather(const torch::Tensor& tensor) override;
  torch::Tensor exchange(const torch::Tensor& tensor, int peer) override;
  std::unique_ptr<Summation> make_summation(std::int64_t elements, const torch::TensorOptions& options) override;

  void close() override { inner_.close(); }

 private:
  Communicator& inner_;
  double seconds_ = 0;
};

}  // namespace fer
