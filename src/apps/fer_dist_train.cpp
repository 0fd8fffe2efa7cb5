#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>
#include <unistd.h>

#include <filesystem>

#include "apps/run_app.h"
#include "artifacts/predictions.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "cli/build_info.h"
#include "cli/train_options.h"
#include "comm/placement.h"
#include "data/dataset.h"
#include "kernels/philox.h"
#include "model/memory_format.h"
#include "train/evaluate.h"
#include "train/replicas.h"
#include "train/run_recorder.h"
#include "train/trainer.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

constexpr std::int64_t kDebugSamples = 512;

/// The splits that a run works on; an empty name where the dataset has none.
struct SplitNames {
  std::string train = "train";
  std::string validation;
  std::string test;
};

std::string first_present(const Manifest& manifest, const std::string& wanted, const std::vector<std::string>& usual) {
  if (!wanted.empty()) return manifest.split(wanted), wanted;
  for (const auto& name : usual)
    if (manifest.has_split(name)) return name;
  return {};
}

SplitNames choose_splits(const TrainOptions& options, const Manifest& manifest) {
  SplitNames names;
  require(manifest.split(names.train).labelled, ExitCode::kBadInput, "the train split has no labels.");
  names.validation = first_present(manifest, options.validation_split, {"validation", "public_test"});
  names.test = first_present(manifest, options.test_split, {"test", "private_test"});
  require(names.validation.empty() || manifest.split(names.validation).labelled, ExitCode::kBadInput,
          fmt::format("the validation split '{}' has no labels.", names.validation));
  return names;
}

/// Makes --batch-size, which is per rank, a global batch, and refuses one that the data cannot fill.
TrainerConfig trainer_config(const TrainOptions& options, std::int64_t samples, bool has_validation, int world_size) {
  TrainerConfig config = options.trainer;
  require_together(
      has_validation || !config.monitor.needs_validation(), ExitCode::kUsage,
      fmt::format("--monitor {} needs a validation split, and the dataset has none.", config.monitor.name));
  if (options.batch_size > 0) config.global_batch_size = options.batch_size * world_size;
  require_together(samples >= world_size, ExitCode::kUsage,
                   fmt::format("the train split has {} samples, fewer than the {} ranks.", samples, world_size));
  require_together(samples >= config.global_batch_size, ExitCode::kUsage,
                   fmt::format("the train split has {} samples, fewer than one global batch of {}: lower --batch-size "
                               "(per rank) or --global-batch-size.",
                               samples, config.global_batch_size));
  require_together(config.global_batch_size >= world_size, ExitCode::kUsage,
                   fmt::format("a global batch of {} leaves some of the {} ranks without a sample: raise "
                               "--global-batch-size or start fewer ranks.",
                               config.global_batch_size, world_size));
  const bool shared_statistics = world_size > 1 && config.sync_batch_norm != SyncBatchNorm::kOff;
  const auto samples_of_statistics =
      shared_statistics ? config.global_batch_size : config.global_batch_size / world_size;
  require_together(
      samples_of_statistics > 1, ExitCode::kUsage,
      "a step would take batch statistics of a single sample, which has no variance: use a larger batch, or "
      "--sync-batch-norm on with several ranks.");
  return config;
}

std::shared_ptr<Net> make_net(const TrainOptions& options, const Manifest& manifest, const torch::Device& device) {
  torch::manual_seed(options.trainer.seed);
  auto net =
      make_model({options.model, static_cast<std::int64_t>(manifest.classes.size()), manifest.height, manifest.width});
  if (!options.init_from.empty()) {
    auto tensors = read_safetensors(options.init_from).tensors;
    std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("state."); });
    load_model_tensors(*net, tensors, options.init_from);
  }
  net->to(device);
  if (options.memory_format == "channels-last") use_channels_last(*net);
  return net;
}

/// Rank 0 chooses the folder and makes it. Collective.
fs::path make_run_folder(const TrainOptions& options, MpiCommunicator& host) {
  fs::path folder = options.out;
  if (folder.empty())
    folder =
        fs::path("runs") / fmt::format("{}-{}-{}", fs::path(options.recipe).stem().string(), utc_stamp(), ::getpid());
  folder = broadcast_text(host, folder.string(), /*root=*/0);
  agree(host, [&] {
    if (host.rank() == 0) make_writable_folder(folder / "log");
  });
  return folder;
}

nlohmann::json run_facts(const TrainOptions& options, const Manifest& manifest, const Placement& placement,
                         MpiCommunicator& host) {
  const auto devices = all_gather_text(host, placement.device.str());
  const auto hosts = all_gather_text(host, host_name());
  auto ranks = nlohmann::json::array();
  for (std::size_t rank = 0; rank < hosts.size(); ++rank)
    ranks.push_back({{"rank", rank}, {"host", hosts[rank]}, {"device", devices[rank]}});
  return {{"build", build_info()},
          {"world_size", host.world_size()},
          {"ranks", ranks},
          {"backend", placement.backend},
          {"threads", placement.threads},
          {"recipe", options.recipe},
          {"model", options.model},
          {"dataset", {{"path", options.dataset}, {"name", manifest.name}, {"digest", manifest.digest()}}},
          {"classes", manifest.classes},
          {"seed", options.trainer.seed}};
}

void log_setup(const TrainOptions& options, const Manifest& manifest, const Placement& placement, const Net& net,
               const Trainer& trainer, const TrainerConfig& config, const MpiCommunicator& host) {
  std::vector<std::string> splits;
  for (const auto& [name, split] : manifest.splits) splits.push_back(fmt::format("{} {}", name, split.samples));
  spdlog::info("model  {}, {} parameters, {} classes", options.model, parameter_count(net), manifest.classes.size());
  spdlog::info("data   {}: {} of {}x{} pictures", options.dataset, join(splits), manifest.height, manifest.width);
  spdlog::info("ranks  {} ({} on this host), {}, {} thread{} each, gradients by {}", host.world_size(),
               host.local_size(), placement.device.is_cuda() ? "one GPU each" : "CPU", placement.threads,
               placement.threads == 1 ? "" : "s", placement.backend);
  spdlog::info("batch  {} = {} ranks x {}, {} steps an epoch, batch norm {}", config.global_batch_size,
               host.world_size(), config.global_batch_size / host.world_size(), trainer.steps_per_epoch(),
               trainer.synchronised_batch_norm() ? "over all ranks" : "per rank");
}

/// Scores the best checkpoint on the test split and writes predictions and submission. Collective.
void predict_test_split(Net& net, const RunRecorder& recorder, const Split& test, const Manifest& manifest,
                        const fs::path& folder, const torch::Device& device, Communicator& communicator) {
  // Rank 0 wrote the file and reads it back; the others might still see an older one, or none.
  agree(communicator, [&] {
    if (communicator.rank() != 0) return;
    load_model_tensors(net, read_checkpoint(recorder.best_checkpoint()).model, recorder.best_checkpoint().string());
  });
  broadcast_replica(net, communicator);
  const Loader loader(test, static_cast<std::int64_t>(manifest.classes.size()), device);
  const Evaluation evaluation = evaluate(net, loader, communicator);
  agree(communicator, [&] {
    if (communicator.rank() != 0) return;
    const Predictions predictions{manifest.classes, test.ids, evaluation.probabilities, test.labels};
    write_predictions(folder / "predictions.csv", predictions);
    write_submission(folder / "submission.csv", predictions);
  });
  if (evaluation.report)
    spdlog::info("test   accuracy {:.2f} %, macro F1 {:.2f} % on {} samples of '{}'",
                 100 * evaluation.report->sums.accuracy(), 100 * evaluation.report->macro_f1, test.size(), test.name);
}

/// Ranks drop different units, and two runs of neighbouring seeds share no rank's numbers.
std::uint64_t dropout_seed(std::uint64_t seed, int rank) {
  constexpr std::uint32_t kDropoutStream = 0x44524F50;  // "DROP"
  PhiloxStream random(seed, kDropoutStream, static_cast<std::uint64_t>(rank));
  const std::uint64_t high = random.bits();
  return high << 32 | random.bits();
}

void prepare_debugging(const TrainOptions& options, const MpiCommunicator& host) {
  if (!options.debug) return;
  require_together(host.world_size() == 1, ExitCode::kUsage, "--debug wants one process; leave mpirun out.");
  ::setenv("CUDA_LAUNCH_BLOCKING", "1", /*overwrite=*/1);
  torch::autograd::AnomalyMode::set_enabled(true);
  spdlog::info("debug  at most {} training samples, anomaly detection on", kDebugSamples);
}

/// What decides the course of a run; where the dataset lies may differ between hosts.
std::string lines_to_agree_on(const TrainOptions& options) {
  auto lines = split_text(options.ini, '\n');
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("dataset ="); });
  return join(lines, "\n") + "\nbuild = " + build_info().dump();
}

ExitCode train(const TrainOptions& options, MpiCommunicator& host) {
  if (options.print_config) {
    if (host.rank() == 0) fmt::print("{}", options.ini);
    return ExitCode::kOk;
  }
  require_same_lines(host, "options or build", lines_to_agree_on(options));
  prepare_debugging(options, host);
  const Placement placement = place_rank({options.device, options.backend, options.threads}, host);
  const auto device_communicator = make_device_communicator(placement, host);
  Communicator& communicator = device_communicator ? *device_communicator : host;

  const fs::path dataset = options.dataset;
  Manifest manifest;
  SplitNames names;
  Split train, validation, test;
  agree(host, [&] {
    manifest = read_manifest(dataset);
    names = choose_splits(options, manifest);
    train = load_split(dataset, manifest, names.train);
    if (options.debug) train = train.thinned(std::max(kDebugSamples, options.trainer.global_batch_size));
    if (!names.validation.empty()) validation = load_split(dataset, manifest, names.validation);
    if (!names.test.empty()) test = load_split(dataset, manifest, names.test);
  });
  require_same(host, "the dataset (digest of dataset.json)", manifest.digest());

  const TrainerConfig config =
      trainer_config(options, train.size(), /*has_validation=*/!names.validation.empty(), host.world_size());
  std::shared_ptr<Net> net;
  agree(host, [&] { net = make_net(options, manifest, placement.device); });
  const auto classes = static_cast<std::int64_t>(manifest.classes.size());
  const Loader train_loader(train, classes, placement.device);
  std::optional<Loader> validation_loader;
  if (!names.validation.empty()) validation_loader.emplace(validation, classes, placement.device);
  const Loader* validation_or_none = validation_loader ? &*validation_loader : nullptr;

  TrainingObserver silent;
  if (options.dry_run) {
    const Trainer trainer(config, *net, train_loader, validation_or_none, communicator, silent);
    log_setup(options, manifest, placement, *net, trainer, config, host);
    communicator.close();
    spdlog::info("dry run: everything up to the first step is in order");
    return ExitCode::kOk;
  }

  const fs::path folder = make_run_folder(options, host);
  const auto facts = run_facts(options, manifest, placement, host);
  const CheckpointInfo info{
      options.model, manifest.classes, manifest.height, manifest.width, options.recipe, manifest.digest(), 0, 0, {}};
  std::optional<RunRecorder> recorder;
  agree(host, [&] {
    recorder.emplace(RunRecorderConfig{folder, config.epochs, options.checkpoint_every, options.keep, info,
                                       !options.quiet && output_is_terminal()},
                     facts, options.ini, host.rank());
  });
  agree(host, [&] { open_log_file(folder / "log", host.rank()); });
  try {
    torch::manual_seed(dropout_seed(options.trainer.seed, host.rank()));
    Trainer trainer(config, *net, train_loader, validation_or_none, communicator, *recorder);
    log_setup(options, manifest, placement, *net, trainer, config, host);
    const bool stopped_early = trainer.run();
    if (!names.test.empty())
      predict_test_split(*net, *recorder, test, manifest, folder, placement.device, communicator);
    communicator.close();
    agree(host, [&] {
      recorder->finish(stopped_early ? "stopped_early" : "finished",
                       stopped_early ? "no improvement" : "all epochs done");
    });
  } catch (const AgreedError& error) {
    recorder->fail(error.what(), error.code());
    throw;
  } catch (const Error& error) {
    recorder->fail_alone(error.what(), error.code());
    throw;
  } catch (const std::exception& error) {
    recorder->fail_alone(message_of(error), ExitCode::kInternal);
    throw;
  }
  spdlog::info("done   everything is in {}", folder.string());
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_dist_train", argc, argv, parse_train_options, train);
}
