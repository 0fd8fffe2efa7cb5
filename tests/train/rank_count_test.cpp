#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "support/hashed_data.h"
#include "support/tiny_net.h"
#include "train/trainer.h"

namespace fer {
namespace {

constexpr std::int64_t kSide = 12, kClasses = 3;

struct Outcome {
  std::shared_ptr<TinyNet> net;
  double loss = 0;
};

/// The first `size` of four ranks, as a job of their own.
MPI_Comm first_ranks(int size) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm part = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank < size ? 0 : MPI_UNDEFINED, rank, &part);
  return part;
}

/// Trains one epoch on the first `size` ranks; rank 0 gets the outcome.
std::optional<Outcome> train_on(int size, torch::ScalarType type, std::int64_t samples, const TrainerConfig& config) {
  MPI_Comm part = first_ranks(size);
  if (part == MPI_COMM_NULL) return std::nullopt;
  Outcome outcome;
  {
    MpiCommunicator communicator(part);
    outcome.net = std::make_shared<TinyNet>(kSide, kClasses, type);
    set_hashed_weights(*outcome.net);
    auto train = resident_training_set({64, /*seed=*/1, {}, false}, hashed_split(samples, kSide, kClasses, 11),
                                       kClasses, torch::kCPU, communicator.rank(), communicator.world_size());
    TrainingObserver silent;
    Trainer trainer(config, *outcome.net, train, nullptr, communicator, silent);
    outcome.loss = trainer.train_epoch(1).loss();
    load_model_tensors(*outcome.net, trainer.snapshot().model, "snapshot");  // the average, where there is one
  }
  MPI_Comm_free(&part);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != 0) return std::nullopt;
  return outcome;
}

void expect_same_on_1_2_and_4_ranks(torch::ScalarType type, std::int64_t samples, const TrainerConfig& config,
                                    double parameter_tolerance, double loss_tolerance) {
  const auto one = train_on(1, type, samples, config);
  for (const int size : {2, 4}) {
    const auto several = train_on(size, type, samples, config);
    if (!several) continue;
    const double distance = relative_distance(*one->net, *several->net);
    const double loss_difference = std::abs(one->loss - several->loss) / one->loss;
    EXPECT_LE(distance, parameter_tolerance) << size << " ranks";
    EXPECT_LE(loss_difference, loss_tolerance) << size << " ranks";
    std::printf("%d ranks against 1, %s: parameters %.1e, epoch loss %.1e\n", size, c10::toString(type), distance,
                loss_difference);
  }
}

TrainerConfig with_optimizer(const OptimizerConfig& optimizer) {
  TrainerConfig config;
  config.optimizer = optimizer;
  return config;
}

}  // namespace

// In float64 an epoch of 999 samples, whose last step is ragged, leaves the same net on 1, 2 and 4 ranks.
TEST(RankCount, AnEpochInDoubleIsTheSameOnEveryNumberOfRanks) {
  expect_same_on_1_2_and_4_ranks(torch::kFloat64, 999, with_optimizer({"adam", 1e-3, 0.9, 1e-4}), 1e-9, 1e-9);
}

// In float32 the order of sums shows: 20 steps.
TEST(RankCount, TwentyStepsInFloatStayTogether) {
  expect_same_on_1_2_and_4_ranks(torch::kFloat32, 20 * 64, with_optimizer({"sgd", 1e-2, 0.9, 0.0}), 1e-5, 1e-4);
}

// Each rank takes its samples of a step in parts, some of which are ragged, and the net that is kept is an average.
TEST(RankCount, AveragesAndAccumulatedStepsAreTheSameToo) {
  auto config = with_optimizer({"nesterov", 1e-2, 0.9, 1e-4});
  config.average_decay = 0.9;
  config.accumulate = 3;
  config.clip_norm = 0.5;
  expect_same_on_1_2_and_4_ranks(torch::kFloat64, 999, config, 1e-9, 1e-9);
}

}  // namespace fer
