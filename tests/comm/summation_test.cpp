#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "comm/mpi_summation.h"

namespace fer {
namespace {

constexpr std::int64_t kElements = 10001;  // more than a page, and no whole number of them

/// Numbers that all ranks can name: whole, so that sums of a few are exact, also in bfloat16.
torch::Tensor numbers(int rank, int step, torch::ScalarType type) {
  return (torch::arange(kElements).remainder(7) + rank + 3 * step).to(type);
}

torch::Tensor expected_sum(int world_size, int step, torch::ScalarType type) {
  auto sum = torch::zeros({kElements}, type);
  for (int rank = 0; rank < world_size; ++rank) sum += numbers(rank, step, type);
  return sum;
}

void expect_sums(Summation& summation, const MpiCommunicator& world, torch::ScalarType type) {
  for (int step = 0; step < 5; ++step) {
    summation.term().copy_(numbers(world.rank(), step, type));
    summation.start();
    summation.progress();
    EXPECT_TRUE(torch::equal(summation.finish(), expected_sum(world.world_size(), step, type)))
        << toString(type) << ", step " << step;
  }
}

}  // namespace

TEST(Summation, AddsUpStepAfterStep) {
  MpiCommunicator world(MPI_COMM_WORLD);
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16})
    expect_sums(*world.make_summation(kElements, torch::dtype(type)), world, type);
}

// What ranks on several hosts use.
TEST(Summation, MessagesAddUpAlike) {
  MpiCommunicator world(MPI_COMM_WORLD);
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16}) {
    MpiSummation summation(kElements, torch::dtype(type), world.split(0));
    expect_sums(summation, world, type);
  }
}

TEST(Summation, SeveralMayBeUnderWayBesideOtherCollectives) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto first = world.make_summation(kElements, torch::kFloat32);
  const auto second = std::make_unique<MpiSummation>(kElements, torch::kFloat32, world.split(0));
  first->term().copy_(numbers(world.rank(), 1, torch::kFloat32));
  first->start();
  second->term().copy_(numbers(world.rank(), 2, torch::kFloat32));
  second->start();
  auto count = torch::ones({1});
  world.all_reduce(count, ReduceOp::kSum);
  EXPECT_EQ(count.item<double>(), world.world_size());
  EXPECT_TRUE(torch::equal(first->finish(), expected_sum(world.world_size(), 1, torch::kFloat32)));
  EXPECT_TRUE(torch::equal(second->finish(), expected_sum(world.world_size(), 2, torch::kFloat32)));
}

// Ranks outnumber a vector's pages: some add up nothing.
TEST(Summation, ShortVectors) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto summation = world.make_summation(3, torch::kFloat32);
  summation->term().fill_(world.rank() + 1);
  summation->start();
  const double n = world.world_size();
  EXPECT_TRUE(torch::equal(summation->finish(), torch::full({3}, n * (n + 1) / 2)));
}

}  // namespace fer
