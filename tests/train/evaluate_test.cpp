#include "train/evaluate.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "model/memory_format.h"
#include "support/hashed_data.h"

namespace fer {

// Runs under mpirun: every rank compares what all ranks found with what it finds alone, and with another thread count.
TEST(Evaluate, EveryDigitIsTheSameOnEveryNumberOfRanksAndThreads) {
  MpiCommunicator world(MPI_COMM_WORLD), self(MPI_COMM_SELF);
  torch::manual_seed(1);
  const auto net = make_model({"cnn3-mlp", 3, 48, 48});
  use_channels_last(*net);
  const Loader loader(hashed_split(700, 48, 3, 5), 3, torch::kCPU);
  const auto together = evaluate(*net, loader, world);
  const auto alone = evaluate(*net, loader, self);
  at::set_num_threads(2);
  const auto threaded = evaluate(*net, loader, self);
  EXPECT_EQ(at::get_num_threads(), 2);  // as it was before
  at::set_num_threads(1);
  const std::vector<std::string> classes = {"a", "b", "c"};
  for (const auto* other : {&alone, &threaded}) {
    EXPECT_TRUE(torch::equal(together.probabilities, other->probabilities));
    EXPECT_EQ(to_json(*together.scores, classes).dump(), to_json(*other->scores, classes).dump());
  }
}

TEST(Evaluate, FewerChunksThanRanksIsNoHang) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  const Loader loader(hashed_split(5, 16, 3, 5), 3, torch::kCPU);
  EXPECT_EQ(evaluate(*net, loader, world).scores->samples, 5);
}

TEST(Evaluate, AnswersToViewsAreAveraged) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  const auto split = hashed_split(40, 16, 3, 5);
  const Loader flipped(split, 3, torch::kCPU, {TestViews::kFlip, 0});
  net->eval();
  const torch::NoGradGuard no_gradients;
  const auto pictures = Loader(split, 3, torch::kCPU).load_range(0, 40);
  const auto of_picture = net->forward(pictures).to(torch::kFloat64);
  const auto of_mirror_image = net->forward(pictures.flip(3)).to(torch::kFloat64);
  EXPECT_FALSE(torch::allclose(of_picture, of_mirror_image));
  EXPECT_TRUE(torch::allclose(evaluate(*net, flipped, world).probabilities,
                              (of_picture.softmax(1) + of_mirror_image.softmax(1)) / 2));
  EXPECT_TRUE(
      torch::allclose(answers_of(*net, flipped, Averaging::kLogits, world), (of_picture + of_mirror_image) / 2));
}

TEST(Evaluate, WithoutLabelsThereAreProbabilitiesAlone) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  auto split = hashed_split(40, 16, 3, 5);
  split.labels = torch::Tensor();
  const auto evaluation = evaluate(*net, Loader(split, 3, torch::kCPU), world);
  EXPECT_FALSE(evaluation.scores.has_value());
  EXPECT_TRUE(torch::allclose(evaluation.probabilities.sum(1), torch::ones({40}, torch::kFloat64)));
}

}  // namespace fer
