#include "train/non_finite.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <random>

#include "base/error.h"
#include "comm/agreement.h"
#include "comm/mpi_communicator.h"
#include "support/expect_error.h"
#include "support/hashed_data.h"
#include "train/replicas.h"
#include "train/trainer.h"

namespace fer {
namespace {

constexpr std::int64_t kSide = 8, kClasses = 3, kBatch = 24, kSamples = 10 * kBatch;

enum class Place { kInput, kLoss, kGradient };

/// Where one value of a step of one rank is another than it should be.
struct Upset {
  Place place;
  float value;
  int rank;
  std::vector<std::int64_t> steps;  // from 0
};

/// A net of batch norms and dropout, whose value is upset in the batches whose pixels have one of these sums.
class UpsetNet final : public Net {
 public:
  UpsetNet(const Upset& upset, std::vector<double> sums) : upset_(upset), sums_(std::move(sums)) {
    torch::manual_seed(1);
    inner_ = register_module("inner", make_model({"cnn3-mlp", kClasses, kSide, kSide}));
    inner_->parameters()[0].register_hook([this](torch::Tensor gradient) {
      return due_ && upset_.place == Place::kGradient ? upset_by_one(gradient) : gradient;
    });
  }

  torch::Tensor classify(const torch::Tensor& images) override {
    due_ = std::ranges::find(sums_, images.sum().item<double>()) != sums_.end();
    const auto logits = inner_->forward(due_ && upset_.place == Place::kInput ? upset_by_one(images) : images);
    return due_ && upset_.place == Place::kLoss ? upset_by_one(logits) : logits;
  }

  std::vector<std::string> head_names() const override { return inner_->head_names(); }

 private:
  torch::Tensor upset_by_one(const torch::Tensor& tensor) const {
    auto upset = torch::zeros_like(tensor).flatten();
    upset[upset.numel() / 2] = upset_.value;
    return tensor + upset.reshape(tensor.sizes());
  }

  Upset upset_;
  std::vector<double> sums_;
  bool due_ = false;
  std::shared_ptr<Net> inner_;
};

TrainingSet make_data(const Communicator& world) {
  return resident_training_set({kBatch, /*seed=*/1, {}, false}, hashed_split(kSamples, kSide, kClasses, 5), kClasses,
                               torch::kCPU, world.rank(), world.world_size());
}

/// Of the pixels that this rank has in the upset steps; none on the others.
std::vector<double> sums_of(const Upset& upset, const Communicator& world) {
  std::vector<double> sums;
  auto data = make_data(world);
  data.start_epoch(1);
  for (std::int64_t step = 0; step < data.steps_per_epoch(); ++step) {
    const auto sum = data.next().images.sum().item<double>();
    if (world.rank() == upset.rank && std::ranges::find(upset.steps, step) != upset.steps.end()) sums.push_back(sum);
  }
  return sums;
}

/// What a net was behind each step, statistics and all.
class Follower final : public TrainingObserver {
 public:
  explicit Follower(const Net& net) : net_(net) { states.push_back(state()); }

  void on_step(std::int64_t, const MetricMeter&) override { states.push_back(state()); }
  void on_skipped_steps(std::int64_t step, std::int64_t count, std::int64_t total) override {
    EXPECT_EQ(count, 1);
    EXPECT_EQ(total, std::ssize(skipped) + 1);
    skipped.push_back(step - 1);
  }
  void on_fatal_step(const BadStep& bad, const TrainingBatch&, const Net&) override { fatal = bad; }

  std::vector<torch::Tensor> states;
  std::vector<std::int64_t> skipped;
  std::optional<BadStep> fatal;

 private:
  torch::Tensor state() const {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> all;
    for (const auto& tensors : {net_.parameters(), net_.buffers()})
      for (const auto& tensor : tensors) all.push_back(tensor.flatten().to(torch::kFloat64));
    return torch::cat(all);
  }

  const Net& net_;
};

TrainerConfig config_with(std::int64_t skip) {
  TrainerConfig config;
  config.epochs = 1;
  config.sync_batch_norm = SyncBatchNorm::kOff;
  config.average_decay = 0.9;
  config.skip_non_finite = skip;
  return config;
}

/// Ranks, places, values and steps of a hundred upsets and more: twelve of each place and value.
std::vector<Upset> upsets(int world_size) {
  std::mt19937 draw(1);
  const auto below = [&](int most) { return static_cast<int>(draw() % static_cast<unsigned>(most)); };
  const float values[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e38F};
  std::vector<Upset> all;
  for (int i = 0; i < 9 * 12; ++i)
    all.push_back({static_cast<Place>(i % 3), values[i / 3 % 3], below(world_size), {below(10)}});
  return all;
}

}  // namespace

// Runs under mpirun: whatever goes wrong on whichever rank, all leave out the same step, or none does.
TEST(NonFinite, RanksDecideAlike) {
  MpiCommunicator world(MPI_COMM_WORLD);
  std::int64_t left_out = 0;
  for (const auto& upset : upsets(world.world_size())) {
    const auto what = fmt::format("place {}, {} on rank {} in step {}", static_cast<int>(upset.place), upset.value,
                                  upset.rank, upset.steps[0]);
    UpsetNet net(upset, sums_of(upset, world));
    Follower follower(net);
    auto data = make_data(world);
    const auto config = config_with(1);
    Trainer trainer(config, net, data, nullptr, world, follower);
    const auto sums = trainer.train_epoch(1);
    require_same(world, what, follower.skipped.empty() ? "none" : std::to_string(follower.skipped[0]));
    require_equal_replicas(net, world);
    EXPECT_TRUE(std::isfinite(follower.states.back().sum().item<double>())) << what;
    if (std::isfinite(upset.value)) continue;  // a huge one may be borne
    ASSERT_EQ(follower.skipped, upset.steps) << what;
    const auto step = static_cast<std::size_t>(upset.steps[0]);
    EXPECT_TRUE(torch::equal(follower.states[step], follower.states[step + 1])) << what;
    EXPECT_EQ(sums.samples, kSamples - kBatch) << what;
    EXPECT_TRUE(std::isfinite(sums.loss())) << what;
    ++left_out;
  }
  EXPECT_EQ(left_out, 72);
}

TEST(NonFinite, AnEpochMayBeginWithASkippedStepThatIsSaved) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const Upset upset{Place::kInput, std::numeric_limits<float>::quiet_NaN(), 0, {0}};
  UpsetNet net(upset, sums_of(upset, world));
  Follower follower(net);
  auto data = make_data(world);
  auto config = config_with(1);
  config.checkpoint_steps = 1;
  Trainer trainer(config, net, data, nullptr, world, follower);
  trainer.run();
  EXPECT_EQ(follower.skipped, upset.steps);
  EXPECT_EQ(trainer.snapshot().state.at("average_updates").item<double>(), 9);  // of ten steps
}

TEST(NonFinite, OneMoreInARowThanMayBeSkippedEndsTheRun) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const int last = world.world_size() - 1;
  const Upset upset{Place::kInput, std::numeric_limits<float>::quiet_NaN(), last, {1, 4, 5, 7, 8, 9}};
  UpsetNet net(upset, sums_of(upset, world));
  Follower follower(net);
  auto data = make_data(world);
  const auto config = config_with(2);
  Trainer trainer(config, net, data, nullptr, world, follower);
  expect_error(ExitCode::kNonFinite, {"step 10 went non-finite", "on rank " + std::to_string(last)},
               [&] { trainer.run(); });
  EXPECT_EQ(follower.skipped, (std::vector<std::int64_t>{1, 4, 5, 7, 8}));
  ASSERT_TRUE(follower.fatal);
  EXPECT_EQ(follower.fatal->step, 9);
  EXPECT_EQ(follower.fatal->rank, last);
}

}  // namespace fer
