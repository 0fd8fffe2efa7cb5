#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "support/hashed_data.h"
#include "support/tiny_net.h"
#include "train/replicas.h"
#include "train/trainer.h"

namespace fer {

// Runs under mpirun: an epoch of any size, with ranks that hold one sample or none in its last step, ends on every rank
// with finite and equal replicas, though the net is full of batch norms.
TEST(RaggedEpoch, NoSizeHangsOrBreaksBatchNorm) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const std::int64_t batch = 2 * world.world_size() + 1;  // not a multiple of the ranks
  for (std::int64_t samples = batch; samples <= 2 * batch + 1; samples += world.world_size() > 4 ? 3 : 1) {
    for (const auto mode : {SyncBatchNorm::kOff, SyncBatchNorm::kOn}) {
      torch::manual_seed(1);
      const auto net = make_model({"cnn3-mlp", 3, 8, 8});
      auto train = resident_training_set({batch, /*seed=*/1, {}, false}, hashed_split(samples, 8, 3, 5), 3, torch::kCPU,
                                         world.rank(), world.world_size());
      TrainerConfig config;
      config.sync_batch_norm = mode;
      TrainingObserver silent;
      Trainer trainer(config, *net, train, nullptr, world, silent);
      const MetricSums sums = trainer.train_epoch(1);
      EXPECT_EQ(sums.samples, samples);
      EXPECT_TRUE(std::isfinite(sums.loss()));
      require_equal_replicas(*net, world);
    }
  }
}

// Parts of one sample over all ranks would have no variance, and would pull the running one to nothing.
TEST(RaggedEpoch, NoPartOfAStepHasOneSampleAlone) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const std::int64_t batch = 8 * world.world_size(), tail = 2 * world.world_size() - 1;
  torch::manual_seed(1);
  const auto net = make_model({"cnn3-mlp", 3, 8, 8});
  auto train = resident_training_set({batch, /*seed=*/1, {}, false}, hashed_split(batch + tail, 8, 3, 5), 3,
                                     torch::kCPU, world.rank(), world.world_size());
  TrainerConfig config;
  config.accumulate = 4;
  TrainingObserver silent;
  Trainer trainer(config, *net, train, nullptr, world, silent);
  trainer.train_epoch(1);
  for (const auto& item : net->named_buffers())
    if (item.key().ends_with("num_batches_tracked")) EXPECT_LE(item.value().item<std::int64_t>(), 4 + 1) << item.key();
}

// Whichever way so many samples are dealt, each is learned from once.
TEST(RaggedEpoch, EverySizeIsCountedExactly) {
  MpiCommunicator world(MPI_COMM_WORLD);
  TinyNet net(/*side=*/8, /*classes=*/3, torch::kFloat32);
  for (std::int64_t samples = world.world_size(); samples <= 64; ++samples) {
    const auto batch = std::min<std::int64_t>(samples, world.world_size() + 3);
    auto train = resident_training_set({batch, /*seed=*/1, {}, false}, hashed_split(samples, 8, 3, 5), 3, torch::kCPU,
                                       world.rank(), world.world_size());
    TrainingObserver silent;
    const TrainerConfig config;
    Trainer trainer(config, net, train, nullptr, world, silent);
    EXPECT_EQ(trainer.train_epoch(1).samples, samples);
  }
  require_equal_replicas(net, world);
}

}  // namespace fer
