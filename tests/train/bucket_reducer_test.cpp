#include "train/bucket_reducer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"

namespace fer {
namespace {

using Tensors = std::vector<torch::Tensor>;

/// A layer of many parameters ahead of one of few, and one that nothing uses.
Tensors make_parameters() {
  Tensors parameters = {torch::ones({6, 5}), torch::ones({3, 6}), torch::ones({4})};
  for (auto& parameter : parameters) parameter.requires_grad_();
  return parameters;
}

torch::Tensor loss_of(const Tensors& parameters, double scale) {
  return torch::mv(parameters[1], torch::mv(parameters[0], torch::arange(5) * scale)).pow(2).sum();
}

/// What the ranks' gradients add up to, reckoned by one: rank r's pictures are as large as r + 1.
Tensors expected_sums(int ranks, int parts) {
  auto parameters = make_parameters();
  for (int rank = 0; rank < ranks; ++rank)
    for (int part = 0; part < parts; ++part) loss_of(parameters, rank + 1).backward();
  return take_gradients(parameters);
}

Tensors reduce_step(BucketReducer& reducer, const Tensors& parameters, int rank, int parts) {
  for (int part = 0; part < parts; ++part) {
    reducer.begin_part(part + 1 == parts);
    loss_of(parameters, rank + 1).backward();
  }
  return reducer.reduce();
}

void expect_close(const Tensors& found, const Tensors& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(torch::allclose(found[i], expected[i], tolerance)) << "parameter " << i;
}

}  // namespace

TEST(BucketPlan, GoesBackwardsAndEndsWithASmallOne) {
  Tensors parameters;
  for (const double mb : {0.4, 0.5, 0.3, 10.0, 20.0, 2.0})
    parameters.push_back(torch::empty({static_cast<std::int64_t>(mb * 250'000)}));
  using Plan = std::vector<std::vector<std::size_t>>;
  EXPECT_EQ(plan_buckets(parameters, 25), (Plan{{4, 5}, {2, 3}, {0, 1}}));
  EXPECT_EQ(plan_buckets(parameters, 1e-6), (Plan{{5}, {4}, {3}, {2}, {1}, {0}}));  // a bucket holds one at least
  EXPECT_EQ(plan_buckets({parameters[3]}, 25), (Plan{{0}}));
}

TEST(BucketReducer, AddsUpAllRanksGradientsInBucketsOfAnySize) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto expected = expected_sums(world.world_size(), 1);
  for (const double mb : {1e-6, 1e-4, 25.0}) {
    const auto parameters = make_parameters();
    BucketReducer reducer(parameters, world, {mb, false});
    for (int step = 0; step < 3; ++step)
      expect_close(reduce_step(reducer, parameters, world.rank(), 1), expected, 1e-6);
    for (const auto& parameter : parameters) EXPECT_FALSE(parameter.grad().defined());
  }
}

TEST(BucketReducer, WaitsForAStepsLastPart) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto parameters = make_parameters();
  BucketReducer reducer(parameters, world, {1e-6, false});
  for (int step = 0; step < 2; ++step)
    expect_close(reduce_step(reducer, parameters, world.rank(), 3), expected_sums(world.world_size(), 3), 1e-6);
}

TEST(BucketReducer, ARankWithoutSamplesAddsZeros) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto parameters = make_parameters();
  BucketReducer reducer(parameters, world, {1e-6, false});
  reducer.begin_part(true);
  const bool has_samples = world.rank() == 0;
  if (has_samples) loss_of(parameters, 1).backward();
  expect_close(reducer.reduce(), expected_sums(1, 1), 1e-6);
}

TEST(BucketReducer, SixteenBitsRoundTheSums) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto parameters = make_parameters();
  BucketReducer reducer(parameters, world, {25, true});
  // Eight bits of mantissa, a rounding of each term and of each sum.
  const double tolerance = 4e-3 * world.world_size();
  expect_close(reduce_step(reducer, parameters, world.rank(), 1), expected_sums(world.world_size(), 1), tolerance);
}

// Sums are of both ranks' gradients as before: nothing else is in their bucket.
TEST(BucketReducer, CarriesWhatOneRankAsksForToAll) {
  MpiCommunicator world(MPI_COMM_WORLD);
  for (const bool bfloat16 : {false, true}) {
    const auto parameters = make_parameters();
    BucketReducer reducer(parameters, world, {1e-6, bfloat16});
    const auto step = [&](const Requests& own) {
      reducer.ask(own);
      const auto sums = reduce_step(reducer, parameters, world.rank(), 1);
      expect_close(sums, expected_sums(world.world_size(), 1), bfloat16 ? 4e-3 * world.world_size() : 1e-6);
      return reducer.asked();
    };
    const bool last = world.rank() + 1 == world.world_size();
    EXPECT_EQ(step({}), Requests());
    EXPECT_EQ(step({.stop = last}), (Requests{.stop = true}));
    EXPECT_EQ(step({.checkpoint = world.rank() == 0}), (Requests{.checkpoint = true}));
    EXPECT_EQ(step({}), Requests());
  }
}

TEST(BucketReducer, LeavesParametersAloneInTheEnd) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto parameters = make_parameters();
  { BucketReducer reducer(parameters, world, {}); }
  loss_of(parameters, 1).backward();
  EXPECT_TRUE(parameters[0].grad().defined());
}

}  // namespace fer
