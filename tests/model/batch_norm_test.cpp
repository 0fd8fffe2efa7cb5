#include "model/batch_norm.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"

namespace fer {
namespace {

/// This rank's rows of a batch of `rows`, dealt unevenly: the last rank gets none if there are several.
torch::Tensor own_rows(const torch::Tensor& batch, const MpiCommunicator& world) {
  const auto givers = std::max(world.world_size() - 1, 1);
  if (world.rank() >= givers) return batch.slice(0, 0, 0);
  const auto rows = batch.size(0);
  const auto begin = rows * world.rank() * world.rank() / (givers * givers);
  const auto end = rows * (world.rank() + 1) * (world.rank() + 1) / (givers * givers);
  return batch.slice(0, begin, end);
}

torch::Tensor summed(torch::Tensor tensor, MpiCommunicator& world) {
  tensor = tensor.detach().contiguous().clone();
  world.all_reduce(tensor, ReduceOp::kSum);
  return tensor;
}

}  // namespace

// Outputs, gradients and running statistics of ranks that share statistics, with uneven and empty shares, equal those
// of PyTorch's batch norm on the whole batch.
TEST(BatchNorm, SharedStatisticsEqualTheWholeBatch) {
  MpiCommunicator world(MPI_COMM_WORLD);
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{18, 5}, {18, 5, 4, 3}}) {
    torch::manual_seed(1);
    const auto batch = torch::randn(shape) * 3 + 2;
    const auto weight_of_loss = torch::randn(shape);

    auto whole_input = batch.clone().requires_grad_();
    auto reference = torch::nn::BatchNorm1d(5);
    const auto flat = whole_input.dim() == 2 ? whole_input : whole_input.flatten(2);
    const auto whole_output = reference->forward(flat).view(shape);
    (whole_output * weight_of_loss).sum().backward();

    BatchNorm norm(5);
    norm->share_statistics(&world);
    auto own_input = own_rows(batch, world).clone().requires_grad_();
    const auto own_output = norm->forward(own_input);
    (own_output * own_rows(weight_of_loss, world)).sum().backward();

    EXPECT_TRUE(torch::allclose(own_output, own_rows(whole_output, world), 1e-5, 1e-5));
    EXPECT_TRUE(torch::allclose(own_input.grad(), own_rows(whole_input.grad(), world), 1e-4, 1e-5));
    EXPECT_TRUE(torch::allclose(summed(norm->weight.grad(), world), reference->weight.grad(), 1e-4, 1e-4));
    EXPECT_TRUE(torch::allclose(summed(norm->bias.grad(), world), reference->bias.grad(), 1e-4, 1e-4));
    EXPECT_TRUE(torch::allclose(norm->running_mean, reference->running_mean, 1e-5, 1e-6));
    EXPECT_TRUE(torch::allclose(norm->running_var, reference->running_var, 1e-5, 1e-6));
  }
}

TEST(BatchNorm, LocalStatisticsAndEvaluationAreThoseOfPyTorch) {
  torch::manual_seed(1);
  BatchNorm norm(5);
  torch::nn::BatchNorm2d reference(5);
  for (int step = 0; step < 3; ++step) {
    const auto batch = torch::randn({4, 5, 3, 3});
    EXPECT_TRUE(torch::allclose(norm->forward(batch), reference->forward(batch)));
  }
  norm->eval();
  reference->eval();
  const auto batch = torch::randn({4, 5, 3, 3});
  EXPECT_TRUE(torch::allclose(norm->forward(batch), reference->forward(batch)));
}

// Rank r has seen 10 (r + 1) samples of mean r and variance 1: together they have the moments of the mixture.
TEST(BatchNorm, RunningStatisticsAreCombinedWithinAndBetweenRanks) {
  MpiCommunicator world(MPI_COMM_WORLD);
  BatchNorm norm(2);
  norm->running_mean.fill_(world.rank());
  double samples = 0, mean = 0, square = 0;
  for (int rank = 0; rank < world.world_size(); ++rank) {
    const double count = 10.0 * (rank + 1);
    samples += count;
    mean += count * rank;
    square += count * (1.0 + rank * rank);
  }
  mean /= samples;
  torch::nn::Sequential net(norm);
  combine_running_statistics(*net, world, 10 * (world.rank() + 1));
  EXPECT_NEAR(norm->running_mean[0].item<double>(), mean, 1e-6);
  EXPECT_NEAR(norm->running_var[1].item<double>(), square / samples - mean * mean, 1e-6);
}

}  // namespace fer
