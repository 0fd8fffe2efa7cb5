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

/// Answers with infinities the batch whose pixels have this sum.
class PoisonedNet final : public Net {
 public:
  explicit PoisonedNet(double poison) : poison_(poison) {
    linear_ = register_module("dense", torch::nn::Linear(kSide * kSide, kClasses));
  }
  torch::Tensor classify(const torch::Tensor& images) override {
    const auto logits = linear_->forward(images.flatten(1));
    return images.sum().item<double>() == poison_ ? (logits - logits).log() : logits;
  }
  std::vector<std::string> head_names() const override { return {"dense"}; }

 private:
  double poison_;
  torch::nn::Linear linear_{nullptr};
};

TrainingSet make_training_data() {
  return resident_training_set({64, /*seed=*/1, {}, false}, hashed_split(192, kSide, kClasses, 11), kClasses,
                               torch::kCPU,
                               /*rank=*/0, /*world_size=*/1);
}

template <class Run>
void train(Net& net, const TrainerConfig& config, const Run& run) {
  MpiCommunicator self(MPI_COMM_SELF);
  auto data = make_training_data();
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

/// Keeps what it hears of the beginnings of epochs, and the checkpoint within one.
class StartListener final : public TrainingObserver {
 public:
  void on_epoch_start(const EpochStart& start) override {
    starts.push_back(start);
    first_rates.push_back(start.learning_rate_at(start.first_step));
  }
  void on_checkpoint(const Checkpoint& within, const Trainer&) override {
    checkpoint = within;
    ++checkpoints;
  }
  void on_epoch_end(const EpochReport& report, const Trainer&) override { due.push_back(report.checkpoint_due); }

  std::vector<EpochStart> starts;
  std::vector<double> first_rates;
  Checkpoint checkpoint;
  int checkpoints = 0;
  std::vector<bool> due;  // at the ends of epochs
};

}  // namespace

// One within an epoch would not know that the epoch is over, and who goes on from it would end it again.
TEST(Trainer, ACheckpointDueBehindAnEpochsLastStepIsThatOfItsEnd) {
  TrainerConfig config;
  config.epochs = 2;
  config.checkpoint_steps = 3;  // as many as an epoch has
  TinyNet net(kSide, kClasses, torch::kFloat64);
  MpiCommunicator self(MPI_COMM_SELF);
  auto data = make_training_data();
  StartListener listener;
  Trainer(config, net, data, nullptr, self, listener).run();
  EXPECT_EQ(listener.checkpoints, 0);
  EXPECT_EQ(listener.due, (std::vector<bool>{true, true}));
}

TEST(Trainer, TellsWhereAnEpochBegins) {
  TrainerConfig config;
  config.epochs = 2;
  config.checkpoint_steps = 4;  // of 3 an epoch: behind the first of the second
  config.schedule.name = "cosine";
  const auto listen = [&](const Checkpoint* from) {
    TinyNet net(kSide, kClasses, torch::kFloat64);
    MpiCommunicator self(MPI_COMM_SELF);
    auto data = make_training_data();
    StartListener listener;
    Trainer trainer(config, net, data, nullptr, self, listener);
    if (from != nullptr) trainer.restore(*from, {});
    trainer.run();
    return listener;
  };
  const auto whole = listen(nullptr), resumed = listen(&whole.checkpoint);
  ASSERT_EQ(whole.starts.size(), 2U);
  EXPECT_EQ(whole.starts[1].epoch, 2);
  EXPECT_EQ(whole.starts[1].steps, 3);
  EXPECT_EQ(whole.starts[1].first_step, 0);
  EXPECT_EQ(whole.starts[1].samples, 192);
  EXPECT_FALSE(whole.starts[1].validates);
  EXPECT_LT(whole.first_rates[1], whole.first_rates[0]);
  ASSERT_EQ(resumed.starts.size(), 1U);
  EXPECT_EQ(resumed.starts[0].epoch, 2);
  EXPECT_EQ(resumed.starts[0].first_step, 1);
  EXPECT_LT(resumed.first_rates[0], whole.first_rates[1]);
}

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

// On a GPU the host looks now and then only: what it names, and what it leaves of the weights, is the same.
TEST(Trainer, NamesTheBadStepHoweverLateItLooks) {
  auto data = make_training_data();
  data.start_epoch(1);
  data.next();
  const double poison = data.next().images.sum().item<double>();
  std::vector<torch::Tensor> weights;
  for (const std::int64_t look_every : {1, 3}) {
    torch::manual_seed(1);
    PoisonedNet net(poison);
    TrainerConfig config;
    config.look_every = look_every;
    train(net, config, [](Trainer& trainer) {
      expect_error(ExitCode::kNonFinite, {"step 2", "the output of log at layer 'dense'"}, [&] { trainer.run(); });
    });
    weights.push_back(net.parameters()[0].detach());
  }
  EXPECT_TRUE(torch::equal(weights[0], weights[1]));
}

TEST(Trainer, NamesAWeightThatIsNotFinite) {
  TinyNet net(kSide, kClasses, torch::kFloat32);
  net.named_parameters()["linear.bias"].detach().fill_(std::numeric_limits<float>::infinity());
  train(net, {}, [](Trainer& trainer) {
    expect_error(ExitCode::kNonFinite, {"parameter 'linear.bias'"}, [&] { trainer.run(); });
  });
}

}  // namespace fer
