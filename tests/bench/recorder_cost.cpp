// What a run's live line, table, events, history and checkpoints cost, S0's net:
//
//   mpirun -np N recorder_cost DATASET FOLDER EPOCHS ROUNDS
//
// In each round the same epochs are trained twice from the same weights, with nothing told, and with what
// fer_dist_train tells while it trains, its live line among it; which comes first changes from round to round. Prints
// for each round `round,silent,told,calls`: seconds of both on rank 0, until all is on the disk, and of the second
// those that the training thread spent in calls of the recorder. FOLDER is emptied.
#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/run_app.h"
#include "model/memory_format.h"
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

/// Passes on to a recorder what a run without faults gives it, and counts the seconds until it comes back.
class TimedRecorder final : public TrainingObserver {
 public:
  explicit TimedRecorder(RunRecorder& recorder) : recorder_(recorder) {}

  double seconds() const { return seconds_; }

  void on_epoch_start(const EpochStart& start) override {
    timed([&] { recorder_.on_epoch_start(start); });
  }
  void on_step(std::int64_t step, const MetricMeter& so_far) override {
    timed([&] { recorder_.on_step(step, so_far); });
  }
  void on_epoch_end(const EpochReport& report, const Trainer& trainer) override {
    timed([&] { recorder_.on_epoch_end(report, trainer); });
  }

 private:
  template <class Call>
  void timed(const Call& call) {
    const auto start = Clock::now();
    call();
    seconds_ += seconds_since(start);
  }

  RunRecorder& recorder_;
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

struct Told {
  double seconds = 0;
  double calls = 0;  // of them
};

/// Collective.
Told train_and_tell(const Bench& bench) {
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
  RunRecorder recorder(config, {{"ranks", ranks}}, "", bench.host.rank());
  TimedRecorder timed(recorder);
  const double seconds = train(bench, bench.options.epochs, timed, [&] { recorder.catch_up(); });
  return {seconds, timed.seconds()};
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
  for (int round = 1; round <= options.rounds; ++round) {
    double silent = 0;
    if (round % 2 == 1) silent = train_silently(bench, options.epochs);
    const auto told = train_and_tell(bench);
    if (round % 2 == 0) silent = train_silently(bench, options.epochs);
    lines.push_back(fmt::format("{},{:.4f},{:.4f},{:.4f}", round, silent, told.seconds, told.calls));
  }
  host.close();
  if (host.rank() == 0)
    for (const auto& line : lines) fmt::print("{}\n", line);
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("recorder_cost", argc, argv, parse, measure);
}
