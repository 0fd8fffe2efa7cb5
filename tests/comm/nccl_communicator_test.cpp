#include "comm/nccl_communicator.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/placement.h"
#include "support/expect_error.h"

// MPI is the reference: whatever it makes of host tensors, NCCL must make of the same tensors on GPUs. Ranks share a
// GPU where there are fewer than ranks; without one every test is skipped on all ranks alike.
namespace fer {
namespace {

class NcclCommunicatorTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto gpus = static_cast<int>(torch::cuda::is_available() ? torch::cuda::device_count() : 0);
    if (gpus == 0) GTEST_SKIP() << "this host has no GPU";
    placement_.emplace(place_rank({"cuda", "nccl", 0, /*ranks_share_gpu=*/gpus < host_.local_size()}, host_));
    nccl_ = make_device_communicator(*placement_, host_);
  }

  void TearDown() override {
    if (nccl_) nccl_->close();
  }

  /// Other numbers on each rank, the same on host and GPU.
  torch::Tensor numbers(torch::ScalarType type) const {
    torch::manual_seed(100 + host_.rank());
    return (torch::rand({1000}, torch::kFloat64) * 50).to(type);
  }

  MpiCommunicator host_{MPI_COMM_WORLD};
  std::optional<Placement> placement_;
  std::unique_ptr<Communicator> nccl_;
};

}  // namespace

TEST_F(NcclCommunicatorTest, ReductionsMatchMpi) {
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kInt64, torch::kInt32, torch::kUInt8}) {
    for (const auto op : {ReduceOp::kSum, ReduceOp::kMin, ReduceOp::kMax}) {
      auto expected = numbers(type);
      auto reduced = expected.to(placement_->device);
      host_.all_reduce(expected, op);
      nccl_->all_reduce(reduced, op);
      // Sums of floats may be added in another order.
      EXPECT_TRUE(torch::allclose(reduced.cpu(), expected, /*rtol=*/1e-6, /*atol=*/0)) << toString(type);
    }
  }
}

TEST_F(NcclCommunicatorTest, BroadcastsMatchMpi) {
  for (int root = 0; root < host_.world_size(); ++root) {
    auto expected = numbers(torch::kFloat32);
    auto received = expected.to(placement_->device);
    host_.broadcast(expected, root);
    nccl_->broadcast(received, root);
    EXPECT_TRUE(torch::equal(received.cpu(), expected)) << root;
  }
}

TEST_F(NcclCommunicatorTest, HostTensorsTravelByMpi) {
  auto ranks = torch::tensor({static_cast<std::int64_t>(host_.rank())});
  nccl_->all_reduce(ranks, ReduceOp::kSum);
  EXPECT_EQ(ranks.item<std::int64_t>(), host_.world_size() * (host_.world_size() - 1) / 2);
}

TEST_F(NcclCommunicatorTest, SummationsUnderWayTogetherMatchMpi) {
  constexpr std::int64_t kElements = 100'000;
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16}) {
    const auto options = torch::dtype(type);
    std::vector<std::unique_ptr<Summation>> on_gpu, on_host;
    for (int i = 0; i < 3; ++i) {
      on_gpu.push_back(nccl_->make_summation(kElements, options.device(placement_->device)));
      on_host.push_back(host_.make_summation(kElements, options));
    }
    for (int step = 0; step < 3; ++step) {
      for (std::size_t i = 0; i < on_gpu.size(); ++i) {
        torch::manual_seed(1000 * step + 10 * static_cast<int>(i) + host_.rank());
        const auto term = torch::randint(16, {kElements}).to(type);  // sums are exact, in whatever order
        on_gpu[i]->term().copy_(term);
        on_gpu[i]->start();
        on_host[i]->term().copy_(term);
        on_host[i]->start();
      }
      for (std::size_t i = 0; i < on_gpu.size(); ++i)
        EXPECT_TRUE(torch::equal(on_gpu[i]->finish().cpu(), on_host[i]->finish())) << toString(type) << " " << i;
    }
  }
}

// Needs one GPU and two ranks: the error must come before NCCL would hang.
TEST(GpuAssignment, RanksThatWouldShareAGpuAreNamed) {
  MpiCommunicator host(MPI_COMM_WORLD);
  const auto gpus = static_cast<int>(torch::cuda::is_available() ? torch::cuda::device_count() : 0);
  if (gpus == 0 || gpus >= host.local_size())
    GTEST_SKIP() << "this host has " << gpus << " GPUs for " << host.local_size() << " ranks";
  expect_error(ExitCode::kUsage, {"would share one GPU", "ranks 0 and"}, [&] { place_rank({"cuda", "nccl"}, host); });
}

}  // namespace fer
