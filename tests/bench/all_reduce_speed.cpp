// Ways to add up the ranks' gradients, in turn: what training takes, MPI's non-blocking messages, its blocking call.
// Prints way, bytes, microseconds of the slowest rank (median of 40), bus bandwidth in GB/s:
//
//   . launch/env.sh && mpirun -np 2 build/bin/all_reduce_speed
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/all_reduce_times.h"
#include "comm/mpi_communicator.h"
#include "comm/mpi_summation.h"

namespace fer {
namespace {

class BlockingSummation final : public Summation {
 public:
  BlockingSummation(std::int64_t elements, MpiCommunicator& ranks) : ranks_(ranks), term_(torch::zeros({elements})) {}
  torch::Tensor term() override { return term_; }
  void start() override { ranks_.all_reduce(term_, ReduceOp::kSum); }
  torch::Tensor finish() override { return term_; }
  std::string way() const override { return "by one call of MPI"; }

 private:
  MpiCommunicator& ranks_;
  torch::Tensor term_;
};

/// A communicator that differs in how it adds up gradients.
class Way final : public Communicator {
 public:
  Way(MpiCommunicator& ranks, std::string name) : ranks_(ranks), name_(std::move(name)) {}

  int rank() const override { return ranks_.rank(); }
  int world_size() const override { return ranks_.world_size(); }
  void all_reduce(torch::Tensor& tensor, ReduceOp op) override { ranks_.all_reduce(tensor, op); }
  void broadcast(torch::Tensor& tensor, int root) override { ranks_.broadcast(tensor, root); }
  torch::Tensor all_gather(const torch::Tensor& tensor) override { return ranks_.all_gather(tensor); }
  torch::Tensor exchange(const torch::Tensor& tensor, int peer) override { return ranks_.exchange(tensor, peer); }
  std::unique_ptr<Summation> make_summation(std::int64_t elements, const torch::TensorOptions& options) override {
    if (name_ == "messages") return std::make_unique<MpiSummation>(elements, options, ranks_.split(0));
    if (name_ == "blocking") return std::make_unique<BlockingSummation>(elements, ranks_);
    return ranks_.make_summation(elements, options);
  }

 private:
  MpiCommunicator& ranks_;
  std::string name_;
};

}  // namespace

TEST(AllReduceSpeed, OfEachWay) {
  MpiCommunicator ranks(MPI_COMM_WORLD);
  constexpr int kRepeats = 40;
  for (std::int64_t bytes = 256 << 10; bytes <= 64 << 20; bytes *= 2) {
    for (const std::string name : {"training", "messages", "blocking"}) {
      Way way(ranks, name);
      const auto time = all_reduce_times(way, torch::kCPU, {bytes}, kRepeats).front();
      if (ranks.rank() == 0)
        fmt::print("{:<9}{:>10}{:>10.1f}{:>8.2f}\n", name, bytes, 1e6 * time.seconds,
                   bus_bandwidth(time, ranks.world_size()));
    }
  }
}

}  // namespace fer
