// What a run's live line, table, events and history cost, and its checkpoints, S0's net:
//
//   mpirun -np N recorder_cost DATASET FOLDER EPOCHS ROUNDS
//
// In each round the same epochs are trained three times from the same weights: silently; with checkpoints, saved when
// fer_dist_train saves them; and with all that it tells besides, its live line among it. Every other round goes the
// other way round. Prints for each round `round,silent,saved,told,calls_saved,calls_told`: seconds of the three on rank
// 0, until all is on the disk, and of the second and third those that the training thread spent in calls of what saves
// and tells. FOLDER is emptied.
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "apps/run_app.h"
#include "artifacts/run_record.h"
#include "model/memory_format.h"
#include "train/run_checkpoints.h"
#include "train/run_data.h"
#include "train/run_recorder.h"
#include "train/saved_net.h"
#include "train/trainer.h"

namespace {

using namespace fer;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::int64_t kBatch = 128;  // over all ranks

struct Options {
  std::string dataset;
  std::string folder;
  std::int64_t epochs = 0;
  int rounds = 0;
  bool quiet = false;
  std::string text_to_print;
};

Options parse(int argc, char** argv) {
  require(argc == 5, ExitCode::kUsage, "usage: recorder_cost DATASET FOLDER EPOCHS ROUNDS");
  Options options;
  options.dataset = argv[1];
  options.folder = argv[2];
  options.epochs = std::stoll(argv[3]);
  options.rounds = std::stoi(argv[4]);
  return options;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Saves the checkpoints that RunRecorder saves in a run without faults, and nothing else, on rank 0. Constructed as
/// it.
class CheckpointSaver final : public TrainingObserver {
 public:
  CheckpointSaver(const RunRecorderConfig& config, const nlohmann::json& facts, const std::string& /*config_ini*/,
                  int rank)
      : info_(config.checkpoint) {
    if (rank != 0) return;
    record_ = std::make_unique<RunRecord>(config.folder, facts);
    checkpoints_ = std::make_unique<RunCheckpoints>(config.folder, config.keep, *record_, /*resumed=*/nullptr);
  }

  void on_epoch_end(const EpochReport& report, const Trainer& trainer) override {
    if (!checkpoints_) return;
    catch_up();
    auto checkpoint = std::make_shared<Checkpoint>(host_copy(trainer.snapshot()));
    checkpoint->info = info_;
    checkpoint->info.epoch = trainer.progress().epochs;
    checkpoint->info.step = trainer.progress().steps;
    saving_ = std::async(std::launch::async, [this, checkpoint, best = report.best] {
      if (best) {
        checkpoints_->take_best(checkpoint);
        checkpoints_->write_best();
      }
      checkpoints_->write_epoch(*checkpoint);
    });
  }

  void catch_up() {
    if (saving_.valid()) saving_.get();
  }

 private:
  CheckpointInfo info_;
  std::unique_ptr<RunRecord> record_;
  std::unique_ptr<RunCheckpoints> checkpoints_;
  std::future<void> saving_;
};

/// Passes on to an observer what a run without faults gives it, and counts the seconds until it comes back.
class TimedObserver final : public TrainingObserver {
 public:
  explicit TimedObserver(TrainingObserver& observer) : observer_(observer) {}

  double seconds() const { return seconds_; }

  void on_epoch_start(const EpochStart& start) override {
    timed([&] { observer_.on_epoch_start(start); });
  }
  void on_step(std::int64_t step, const MetricMeter& so_far) override {
    timed([&] { observer_.on_step(step, so_far); });
  }
  void on_epoch_end(const EpochReport& report, const Trainer& trainer) override {
    timed([&] { observer_.on_epoch_end(report, trainer); });
  }

 private:
  template <class Call>
  void timed(const Call& call) {
    const auto start = Clock::now();
    call();
    seconds_ += seconds_since(start);
  }

  TrainingObserver& observer_;
  double seconds_ = 0;
};

/// What is trained time and again.
struct Bench {
  const Options& options;
  const RunDataConfig& data_config;
  const RunData& data;
  MpiCommunicator& host;

  ModelConfig model() const {
    return {"cnn3-mlp", std::ssize(data.classes), data.manifest.height, data.manifest.width};
  }
};

/// Trains a net from its first weights. Collective. @param settle  done at the end  @return seconds
double train(const Bench& bench, std::int64_t epochs, TrainingObserver& observer, const std::function<void()>& settle) {
  torch::manual_seed(1);
  const auto net = make_model(bench.model());
  use_channels_last(*net);
  TrainingSet train = make_training_set(bench.data_config, bench.data, torch::kCPU, bench.host);
  const Loader validation(*bench.data.validation, std::ssize(bench.data.classes), torch::kCPU, ViewConfig{});
  TrainerConfig config;
  config.epochs = epochs;
  config.optimizer = {.name = "adam", .learning_rate = 1e-3};
  Trainer trainer(config, *net, train, &validation, bench.host, observer);
  agree(bench.host, [] {});  // so that no rank begins early
  const auto start = Clock::now();
  trainer.run();
  settle();
  return seconds_since(start);
}

double train_silently(const Bench& bench, std::int64_t epochs) {
  TrainingObserver silent;
  return train(bench, epochs, silent, [] {});
}

struct Cost {
  double seconds = 0;
  double calls = 0;  // of them
};

/// Trains while an Observer, RunRecorder or one made like it, writes to the emptied folder. Collective.
template <class Observer>
Cost train_with(const Bench& bench) {
  RunRecorderConfig config;
  config.folder = bench.options.folder;
  config.epochs = bench.options.epochs;
  config.checkpoint = describe(bench.model(), bench.data.classes);
  config.show_progress = true;
  auto ranks = nlohmann::json::array();
  for (int rank = 0; rank < bench.host.world_size(); ++rank) ranks.push_back({{"rank", rank}, {"host", "here"}});
  if (bench.host.rank() == 0) {
    fs::remove_all(config.folder);
    fs::create_directories(config.folder / "checkpoints");
  }
  Observer observer(config, {{"ranks", ranks}}, "", bench.host.rank());
  TimedObserver timed(observer);
  const double seconds = train(bench, bench.options.epochs, timed, [&] { observer.catch_up(); });
  return {seconds, timed.seconds()};
}

/// What a round found. Collective.
std::string measure_round(const Bench& bench, int round) {
  double silent = 0;
  Cost saved, told;
  std::vector<std::function<void()>> trainings = {
      [&] { silent = train_silently(bench, bench.options.epochs); },
      [&] { saved = train_with<CheckpointSaver>(bench); },
      [&] { told = train_with<RunRecorder>(bench); },
  };
  if (round % 2 == 0) std::ranges::reverse(trainings);
  for (const auto& train_once : trainings) train_once();
  return fmt::format("{},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f}", round, silent, saved.seconds, told.seconds, saved.calls,
                     told.calls);
}

ExitCode measure(const Options& options, MpiCommunicator& host) {
  RunDataConfig data_config;
  data_config.folder = options.dataset;
  data_config.training_set.global_batch_size = kBatch;
  const RunData data = open_run_data(data_config, torch::kCPU, host);
  require_together(data.validation.has_value(), ExitCode::kUsage, "the dataset has no validation split.");
  const Bench bench{options, data_config, data, host};
  train_silently(bench, /*epochs=*/1);  // warms up
  std::vector<std::string> lines;
  for (int round = 1; round <= options.rounds; ++round) lines.push_back(measure_round(bench, round));
  host.close();
  if (host.rank() == 0)
    for (const auto& line : lines) fmt::print("{}\n", line);
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("recorder_cost", argc, argv, parse, measure);
}
