#include "train/replicas.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "model/memory_format.h"
#include "model/model.h"
#include "support/expect_error.h"

namespace fer {

TEST(Replicas, ABroadcastMakesThemEqual) {
  MpiCommunicator world(MPI_COMM_WORLD);
  torch::manual_seed(1 + static_cast<std::uint64_t>(world.rank()));
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  use_channels_last(*net);
  broadcast_replica(*net, world);
  require_equal_replicas(*net, world);
}

TEST(Replicas, ARankThatDriftsIsNamedWithTheTensor) {
  MpiCommunicator world(MPI_COMM_WORLD);
  if (world.world_size() == 1) return;
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  broadcast_replica(*net, world);
  const torch::NoGradGuard no_grad;
  if (world.rank() == 1) net->named_parameters()["classifier.0.bias"][3] += 1e-6;
  const auto odd_rank = world.world_size() > 2 ? "rank 1" : "rank";  // of two, neither is the odd one
  expect_error(ExitCode::kPeer, {odd_rank, "classifier.0.bias"}, [&] { require_equal_replicas(*net, world); });
}

}  // namespace fer
