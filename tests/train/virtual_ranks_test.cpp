#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "model/memory_format.h"
#include "model/stages.h"
#include "support/hashed_data.h"
#include "train/trainer.h"

namespace fer {
namespace {

constexpr std::int64_t kSide = 16, kClasses = 3, kVirtualRanks = 8;

struct Outcome {
  std::map<std::string, torch::Tensor> tensors;
  MetricSums sums;
};

/// Trains two epochs on the first `size` of eight ranks, each virtual rank with a batch norm and a dropout of its own;
/// rank 0 gets the outcome.
std::optional<Outcome> train_on(int size, std::int64_t samples, const TrainerConfig& given, MapStorage storage) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm part = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank < size ? 0 : MPI_UNDEFINED, rank, &part);
  if (part == MPI_COMM_NULL) return std::nullopt;
  Outcome outcome;
  {
    MpiCommunicator communicator(part);
    torch::manual_seed(1);
    const auto net = make_model({"cnn3-mlp", kClasses, kSide, kSide});
    use_channels_last(*net);
    use_map_storage(*net, storage);
    TrainingSetConfig data{/*global_batch_size=*/32, /*seed=*/1, {}, false, kVirtualRanks};
    auto train = resident_training_set(data, hashed_split(samples, kSide, kClasses, 11), kClasses, torch::kCPU,
                                       communicator.rank(), communicator.world_size());
    TrainingObserver silent;
    TrainerConfig config = given;
    config.virtual_ranks = kVirtualRanks;
    config.epochs = 2;
    Trainer trainer(config, *net, train, nullptr, communicator, silent);
    trainer.run();
    outcome.sums = trainer.train_epoch(3);
    for (const auto& [name, tensor] : trainer.snapshot().model) outcome.tensors[name] = tensor.clone();
    for (const auto& [name, tensor] : trainer.snapshot().state) outcome.tensors["state." + name] = tensor.clone();
  }
  MPI_Comm_free(&part);
  return rank == 0 ? std::optional(outcome) : std::nullopt;
}

void expect_same_bits(const TrainerConfig& config, std::int64_t samples, MapStorage storage = MapStorage::kFloat32) {
  const auto one = train_on(1, samples, config, storage);
  for (int size = 2; size <= kVirtualRanks; ++size) {
    const auto several = train_on(size, samples, config, storage);
    if (!several) continue;
    SCOPED_TRACE(testing::Message() << samples << " samples, " << size << " ranks");
    EXPECT_EQ(several->sums.loss_sum, one->sums.loss_sum);
    EXPECT_EQ(several->sums.correct, one->sums.correct);
    ASSERT_EQ(several->tensors.size(), one->tensors.size());
    for (const auto& [name, tensor] : one->tensors)
      EXPECT_TRUE(torch::equal(several->tensors.at(name), tensor)) << name;
  }
}

}  // namespace

// The last step of 100 samples has four, so that six of eight virtual ranks get none; of 75 it has eleven.
TEST(VirtualRanks, LeaveTheSameBitsOnEveryNumberOfRanks) {
  TrainerConfig config;
  config.optimizer = {"adam", 1e-3, 0.9, 1e-4};
  for (const std::int64_t samples : {96, 100, 75}) expect_same_bits(config, samples);
}

TEST(VirtualRanks, RoundAndWeighAlikeToo) {
  TrainerConfig config;
  config.optimizer = {"adam", 1e-3, 0.9, 1e-4};
  config.loss.class_weights = torch::tensor({0.5, 1.0, 1.7}, torch::kFloat32);
  expect_same_bits(config, 100, MapStorage::kBfloat16);
}

TEST(VirtualRanks, AverageAndClipAlikeToo) {
  TrainerConfig config;
  config.optimizer = {"nesterov", 1e-2, 0.9, 1e-4};
  config.average_decay = 0.9;
  config.clip_norm = 0.5;
  expect_same_bits(config, 100);
}

}  // namespace fer
