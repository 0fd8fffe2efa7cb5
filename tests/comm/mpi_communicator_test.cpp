#include "comm/mpi_communicator.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/expect_error.h"

namespace fer {

TEST(MpiCommunicator, AllReduceSumsOneTermPerRank) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const double n = world.world_size();
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kInt64, torch::kInt32, torch::kUInt8}) {
    auto terms = torch::full({3}, world.rank() + 1, type);  // 1, 2, ..., N
    world.all_reduce(terms, ReduceOp::kSum);
    EXPECT_TRUE(torch::equal(terms, torch::full({3}, n * (n + 1) / 2, type)));
  }
}

TEST(MpiCommunicator, AllReduceFindsExtremes) {
  MpiCommunicator world(MPI_COMM_WORLD);
  auto smallest = torch::tensor({world.rank() + 1.0});
  auto largest = smallest.clone();
  world.all_reduce(smallest, ReduceOp::kMin);
  world.all_reduce(largest, ReduceOp::kMax);
  EXPECT_EQ(smallest.item<double>(), 1.0);
  EXPECT_EQ(largest.item<double>(), world.world_size());
}

TEST(MpiCommunicator, BroadcastAndGather) {
  MpiCommunicator world(MPI_COMM_WORLD);
  auto values = torch::full({2}, world.rank(), torch::kInt64);
  const auto gathered = world.all_gather(values);
  for (int rank = 0; rank < world.world_size(); ++rank) EXPECT_TRUE(gathered[rank].eq(rank).all().item<bool>());
  world.broadcast(values, world.world_size() - 1);
  EXPECT_TRUE(values.eq(world.world_size() - 1).all().item<bool>());
}

TEST(MpiCommunicator, TextsOfAnyLength) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const std::string own(static_cast<std::size_t>(world.rank()), 'x');  // rank 0's is empty
  const auto texts = all_gather_text(world, own);
  for (std::size_t rank = 0; rank < texts.size(); ++rank) EXPECT_EQ(texts[rank], std::string(rank, 'x'));
  EXPECT_EQ(broadcast_text(world, world.rank() == 0 ? "from root" : "", 0), "from root");
}

// Without MPI_ERRORS_RETURN on the duplicated communicator MPI would end the process here.
TEST(MpiCommunicator, AFailedCallIsAnErrorAndNotTheEnd) {
  MpiCommunicator world(MPI_COMM_WORLD);
  auto values = torch::zeros({1});
  expect_error(ExitCode::kPeer, {"MPI"}, [&] { world.broadcast(values, /*root=*/99); });
}

TEST(MpiCommunicator, RefusesTensorsItWouldMisread) {
  MpiCommunicator world(MPI_COMM_WORLD);
  auto strided = torch::zeros({4, 4}).t().slice(1, 0, 2);
  expect_error(ExitCode::kInternal, {"contiguous"}, [&] { world.broadcast(strided, 0); });
}

}  // namespace fer
