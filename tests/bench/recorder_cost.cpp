// What a run's live line, table, events, history and checkpoints cost, S0's net:
//
//   mpirun -np N recorder_cost DATASET FOLDER EPOCHS ROUNDS
//
// In each round the same epochs are trained twice from the same weights, with nothing told and with all that
// fer_dist_train tells on a terminal, which should be one. Prints for each round `round,silent,told,calls`: seconds of
// both on rank 0, and of the second those that the training thread spent in calls of the recorder. FOLDER is emptied.
#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <filesystem>
#include <string>

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

/// Passes everything on to a recorder, and counts the seconds until it comes back.
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

/// Trains a net from its first weights. Collective. @return seconds
double train(const Options& options, const RunData& data, const RunDataConfig& data_config, TrainingObserver& observer,
             MpiCommunicator& host) {
  torch::manual_seed(1);
  const ModelConfig model{"cnn3-mlp", std::ssize(data.classes), data.manifest.height, data.manifest.width};
  const auto net = make_model(model);
  use_channels_last(*net);
  TrainingSet train = make_training_set(data_config, data, torch::kCPU, host);
  const Loader validation(*data.validation, std::ssize(data.classes), torch::kCPU, ViewConfig{});
  TrainerConfig config;
  config.epochs = options.epochs;
  config.optimizer = {.name = "adam", .learning_rate = 1e-3};
  Trainer trainer(config, *net, train, &validation, host, observer);
  agree(host, [] {});  // so that no rank begins ahead
  const auto start = Clock::now();
  trainer.run();
  return seconds_since(start);
}

RunRecorderConfig recorder_config(const Options& options, const RunData& data) {
  RunRecorderConfig config;
  config.folder = options.folder;
  config.epochs = options.epochs;
  config.checkpoint =
      describe({"cnn3-mlp", std::ssize(data.classes), data.manifest.height, data.manifest.width}, data.classes);
  config.show_progress = true;
  return config;
}

ExitCode measure(const Options& options, MpiCommunicator& host) {
  RunDataConfig data_config;
  data_config.folder = options.dataset;
  data_config.training_set.global_batch_size = kBatch;
  const RunData data = open_run_data(data_config, torch::kCPU, host);
  require_together(data.validation.has_value(), ExitCode::kUsage, "the dataset has no validation split.");
  auto ranks = nlohmann::json::array();
  for (int rank = 0; rank < host.world_size(); ++rank) ranks.push_back({{"rank", rank}, {"host", "here"}});
  std::vector<std::string> lines;
  for (int round = 1; round <= options.rounds; ++round) {
    TrainingObserver silent;
    const double alone = train(options, data, data_config, silent, host);
    if (host.rank() == 0) {
      fs::remove_all(options.folder);
      fs::create_directories(fs::path(options.folder) / "checkpoints");
    }
    RunRecorder recorder(recorder_config(options, data), {{"ranks", ranks}}, "", host.rank());
    TimedRecorder timed(recorder);
    const double told = train(options, data, data_config, timed, host);
    recorder.settle();
    lines.push_back(fmt::format("{},{:.4f},{:.4f},{:.4f}", round, alone, told, timed.seconds()));
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
