#include "train/trainer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "support/expect_error.h"
#include "support/hashed_data.h"
#include "support/tiny_net.h"

namespace fer {
namespace {

constexpr std::int64_t kSide = 12, kClasses = 3;

/// Its logits are logarithms of what may be zero or below.
class LogNet final : public Net {
 public:
  LogNet() { linear_ = register_module("dense", torch::nn::Linear(kSide * kSide, kClasses)); }
  torch::Tensor classify(const torch::Tensor& images) override { return linear_->forward(images.flatten(1)).log(); }
  std::vector<std::string> head_names() const override { return {"dense"}; }

 private:
  torch::nn::Linear linear_{nullptr};
};

template <class Run>
void train(Net& net, const TrainerConfig& config, const Run& run) {
  MpiCommunicator self(MPI_COMM_SELF);
  auto data = resident_training_set({64, /*seed=*/1, {}, false}, hashed_split(192, kSide, kClasses, 11), kClasses,
                                    torch::kCPU, /*rank=*/0, /*world_size=*/1);
  TrainingObserver silent;
  Trainer trainer(config, net, data, nullptr, self, silent);
  run(trainer);
}

std::shared_ptr<TinyNet> trained(const TrainerConfig& config) {
  auto net = std::make_shared<TinyNet>(kSide, kClasses, torch::kFloat64);
  set_hashed_weights(*net);
  train(*net, config, [](Trainer& trainer) { trainer.run(); });
  return net;
}

}  // namespace

TEST(Trainer, AccumulatesTheSameGradient) {
  TrainerConfig whole, parts;
  whole.epochs = parts.epochs = 2;
  parts.accumulate = 5;
  EXPECT_LT(relative_distance(*trained(whole), *trained(parts)), 1e-12);
}

TEST(Trainer, StopsAtAnAccuracy) {
  TrainerConfig config;
  config.stop_at_accuracy = 0.1;
  TinyNet net(kSide, kClasses, torch::kFloat32);
  train(net, config, [](Trainer& trainer) { EXPECT_EQ(trainer.run().substr(0, 25), "the training accuracy is "); });
}

// What is kept is the average; training goes on with the weights.
TEST(Trainer, KeepsTheAverageOfTheWeights) {
  TrainerConfig config;
  config.epochs = 2;
  const auto plain = trained(config);
  config.average_decay = 0.9;
  auto net = std::make_shared<TinyNet>(kSide, kClasses, torch::kFloat64);
  set_hashed_weights(*net);
  train(*net, config, [&](Trainer& trainer) {
    trainer.run();
    const auto checkpoint = trainer.snapshot();
    EXPECT_TRUE(torch::equal(checkpoint.state.at("weights.linear.weight"), plain->named_parameters()["linear.weight"]));
    EXPECT_FALSE(torch::equal(checkpoint.model.at("linear.weight"), checkpoint.state.at("weights.linear.weight")));
  });
  EXPECT_LT(relative_distance(*plain, *net), 1e-15);
}

TEST(Trainer, NamesLayerAndOperationThatWentNonFinite) {
  LogNet net;
  train(net, {}, [](Trainer& trainer) {
    expect_error(ExitCode::kNonFinite, {"step 1", "the output of log at layer 'dense'", "rank 0"},
                 [&] { trainer.run(); });
  });
}

TEST(Trainer, NamesAWeightThatIsNotFinite) {
  TinyNet net(kSide, kClasses, torch::kFloat32);
  net.named_parameters()["linear.bias"].detach().fill_(std::numeric_limits<float>::infinity());
  train(net, {}, [](Trainer& trainer) {
    expect_error(ExitCode::kNonFinite, {"parameter 'linear.bias'"}, [&] { trainer.run(); });
  });
}

}  // namespace fer
