#include "apps/train_member.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>

#include "apps/resume.h"
#include "apps/run_summary.h"
#include "apps/run_table.h"
#include "apps/score_best.h"
#include "artifacts/predictions.h"
#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/build_info.h"
#include "comm/activity.h"
#include "comm/agreement.h"
#include "data/selection.h"
#include "model/freeze.h"
#include "model/memory_format.h"
#include "model/stages.h"
#include "train/evaluate.h"
#include "train/replicas.h"
#include "train/run_recorder.h"
#include "train/saved_net.h"
#include "train/trainer.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// Refuses a global batch that the data cannot fill or the ranks cannot share.
void check_batch(const TrainOptions& options, const RunData& data, std::int64_t batch, int world_size) {
  const auto samples = data.train_size();
  for (const auto& phase : options.phases)
    require_together(
        data.validation || !phase.trainer.monitor.needs_validation(), ExitCode::kUsage,
        fmt::format("--monitor {} needs a validation split, and the dataset has none.", phase.trainer.monitor.name));
  require_together(samples >= world_size, ExitCode::kUsage,
                   fmt::format("the train split has {} samples, fewer than the {} ranks.", samples, world_size));
  require_together(samples >= batch, ExitCode::kUsage,
                   fmt::format("the train split has {} samples, fewer than one global batch of {}: lower --batch-size "
                               "(per rank) or --global-batch-size.",
                               samples, batch));
  require_together(batch >= world_size, ExitCode::kUsage,
                   fmt::format("a global batch of {} leaves some of the {} ranks without a sample: raise "
                               "--global-batch-size or start fewer ranks.",
                               batch, world_size));
  if (const auto virtual_ranks = options.trainer.virtual_ranks; virtual_ranks > 0) {
    require_together(virtual_ranks % world_size == 0, ExitCode::kUsage,
                     fmt::format("--deterministic world deals {} virtual ranks to {} ranks, which does not come out "
                                 "even: start 1, 2, 4 ... ranks, at most as many as --virtual-ranks.",
                                 virtual_ranks, world_size));
    require_together(batch >= 2 * virtual_ranks, ExitCode::kUsage,
                     fmt::format("a global batch of {} leaves some of {} virtual ranks with less than two samples: "
                                 "raise --global-batch-size or lower --virtual-ranks.",
                                 batch, virtual_ranks));
    return;
  }
  const bool shared_statistics = world_size > 1 && options.trainer.sync_batch_norm != SyncBatchNorm::kOff;
  require_together(
      (shared_statistics ? batch : batch / world_size) > 1, ExitCode::kUsage,
      "a step would take batch statistics of a single sample, which has no variance: use a larger batch, or "
      "--sync-batch-norm on with several ranks.");
}

void log_transfer(const TransferReport& report, const std::string& source) {
  if (report.fresh.empty() && report.unexpected.empty()) return;
  spdlog::info("init   {}; fresh: {}; not used: {}", source, report.fresh.empty() ? "nothing" : join(report.fresh),
               report.unexpected.empty() ? "nothing" : join(report.unexpected));
}

/// For each look the host waits for the GPU.
constexpr std::int64_t kStepsBetweenLooks = 32;

std::shared_ptr<Net> make_net(const TrainOptions& options, const RunData& data, const torch::Device& device) {
  torch::manual_seed(options.data.training_set.seed);
  auto net = make_model(net_config(options, data));
  if (!options.init_from.empty()) {
    log_transfer(load_backbone(*net, read_weights(options.init_from), net->head_names(), options.init_from),
                 options.init_from);
  }
  net->to(device);
  if (options.memory_format == "channels-last") use_channels_last(*net);
  run_plain(*net, options.engine == "plain");
  if (options.precision == "bf16" && device.is_cpu()) {
    require(has_chain_kernels(), ExitCode::kUsage,
            "--precision bf16 wants a CPU with AVX2 or AVX-512, or a GPU: here it would be slower than fp32. Leave it "
            "out.");
    use_map_storage(*net, MapStorage::kBfloat16);
  }
  return net;
}

/// @throws Error for a file of class weights, or a pattern of what to freeze, that will not do.
/// @param seed  of the run, which may be one of several members'
TrainerConfig phase_config(const TrainOptions& phase, std::uint64_t seed, Net& net, const RunData& data,
                           const Placement& placement, int ranks) {
  freeze(net, phase.freeze);
  TrainerConfig config = phase.trainer;
  config.seed = seed;
  auto& weights = config.loss.class_weights;
  weights = class_weights(phase.class_weights, class_counts(data.train, std::ssize(data.classes)), data.classes);
  if (weights.defined()) weights = weights.to(placement.device);
  if (placement.device.is_cuda()) {
    config.autocast = phase.precision == "bf16";
    config.look_every = kStepsBetweenLooks;
    // MPI's messages start from copies on the host, and anomaly detection looks at each gradient there.
    config.records_steps = phase.cuda_graph != "off" && !phase.debug && (ranks == 1 || placement.backend == "nccl");
  }
  return config;
}

std::int64_t epochs_of(const std::vector<TrainerConfig>& phases) {
  std::int64_t epochs = 0;
  for (const auto& phase : phases) epochs += phase.epochs;
  return epochs;
}

void log_phase(std::size_t phase, const std::vector<TrainerConfig>& phases, std::size_t frozen) {
  const auto fixed = frozen > 0 ? fmt::format("{} tensors of weights frozen", frozen) : "nothing frozen";
  if (phases.size() > 1)
    spdlog::info("phase  {} of {}: at most {} epochs, {}", phase + 1, phases.size(), phases[phase].epochs, fixed);
  else if (frozen > 0)
    spdlog::info("freeze {}", fixed);
}

nlohmann::json run_facts(const TrainOptions& options, const RunData& data, const Placement& placement,
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
          {"model", options.net.name},
          {"dataset", {{"path", options.dataset}, {"name", data.manifest.name}, {"digest", data.manifest.digest()}}},
          {"classes", data.classes},
          {"samples", data.train_size()},
          {"streamed", data.streamed()},
          {"validation_split", data.validation ? data.validation->name : ""},
          {"test_split", data.test ? data.test->name : ""},
          {"seed", options.data.training_set.seed}};
}

/// Refuses what --cuda-graph on asks for where steps cannot be recorded.
void check_step_graph(const TrainOptions& options, const Trainer& trainer) {
  require_together(
      options.cuda_graph != "on" || trainer.records_steps(), ExitCode::kUsage,
      "--cuda-graph on wants GPUs, gradients that travel by NCCL, and batch norms that do not share statistics "
      "(--sync-batch-norm off).");
}

/// What this rank's net sees in its first step. Training begins with it anew.
torch::Tensor first_pictures(TrainingSet& train) {
  train.start_epoch(/*epoch=*/1);
  return train.next().images;
}

CheckpointInfo checkpoint_info(const TrainOptions& options, const RunData& data) {
  auto info = describe(net_config(options, data), data.classes);
  info.picture_height = data.manifest.height;
  info.picture_width = data.manifest.width;
  info.recipe = options.recipe;
  info.dataset_digest = data.manifest.digest();
  return info;
}

RunDataConfig own_data_config(const TrainOptions& options, const TrainingJob& job, int ranks) {
  RunDataConfig config = job.data_config;
  config.training_set = options.data.training_set;
  if (options.batch_size > 0) config.training_set.global_batch_size = options.batch_size * ranks;
  return config;
}

bool holds_checkpoints(const fs::path& folder) {
  std::error_code missing;
  return std::ranges::any_of(fs::directory_iterator(folder / "checkpoints", missing),
                             [](const auto& entry) { return entry.path().extension() == ".safetensors"; });
}

/// Makes the folder of a run, unless it goes on with the one that is there. Collective.
void make_run_folder(const TrainOptions& options, bool goes_on, MpiCommunicator& host) {
  agree(host, [&] {
    if (host.rank() != 0) return;
    if (options.resume == "auto" && !goes_on) forget_run(options.out);
    require(goes_on || !holds_checkpoints(options.out), ExitCode::kUsage,
            fmt::format("'{}' holds checkpoints, but no {} that tells of their run; choose another --out.", options.out,
                        kRunRecordFile));
    make_writable_folder(fs::path(options.out) / "log");
  });
}

/// Collective.
std::int64_t lost_lines_of_all(MpiCommunicator& host) {
  auto lines = torch::tensor({lost_log_lines()});
  host.all_reduce(lines, ReduceOp::kSum);
  return lines.item<std::int64_t>();
}

}  // namespace

ModelConfig net_config(const TrainOptions& options, const RunData& data) {
  const auto crop = options.data.training_set.augmentation.spec.crop;
  ModelConfig config = options.net;
  config.classes = std::ssize(data.classes);
  config.height = crop > 0 ? crop : data.manifest.height;
  config.width = crop > 0 ? crop : data.manifest.width;
  return config;
}

ExitCode train_member(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host) {
  const auto start = std::chrono::steady_clock::now();
  leave_run();
  const auto& [placement, data_config, data, shows_progress] = job;
  const RunDataConfig own_data = own_data_config(options, job, host.world_size());
  check_batch(options, data, own_data.training_set.global_batch_size, host.world_size());
  const auto device_communicator = make_device_communicator(placement, host);
  Communicator& communicator = device_communicator ? *device_communicator : host;

  std::optional<TrainingSet> train;
  std::shared_ptr<Net> net;
  std::vector<TrainerConfig> phases;
  agree(host, [&] {
    train.emplace(make_training_set(own_data, data, placement.device, communicator));
    net = make_net(options, data, placement.device);
    for (const auto& phase : options.phases) {
      phases.push_back(phase_config(phase, options.data.training_set.seed, *net, data, placement, host.world_size()));
      phases.back().phase = std::ssize(phases) - 1;
      phases.back().fault = options.fault;
    }
    freeze(*net, options.phases.front().freeze);
  });
  const ViewConfig view{TestViews::kNone, options.data.training_set.augmentation.spec.crop};
  std::optional<Loader> validation;
  if (data.validation)
    validation.emplace(*data.validation, static_cast<std::int64_t>(data.classes.size()), placement.device, view);
  const Loader* validation_or_none = validation ? &*validation : nullptr;

  TrainingObserver silent;
  if (options.dry_run) {
    const Trainer trainer(phases.front(), *net, *train, validation_or_none, communicator, silent);
    log_run_table(options, run_facts(options, data, placement, host), data, *train, *net, trainer);
    check_step_graph(options, trainer);
    communicator.close();
    spdlog::info("dry run: everything up to the first step is in order");
    return ExitCode::kOk;
  }

  const fs::path folder = options.out;
  auto resumed = find_resume_point(options, data, own_data.training_set.global_batch_size, host);
  const bool in_place = resumed && resumed->in_place;
  if (resumed)  // a rehearsal ends with the run's own recovery
    for (auto& phase : phases) phase.fault.reset();
  make_run_folder(options, in_place, host);
  auto facts = run_facts(options, data, placement, host);
  facts["epochs"] = epochs_of(phases);
  facts["global_batch_size"] = own_data.training_set.global_batch_size;
  if (resumed && !in_place) facts["resumed"] = {resumed->facts};
  const auto info = checkpoint_info(options, data);
  std::optional<RunRecorder> recorder;
  agree(host, [&] {
    recorder.emplace(
        RunRecorderConfig{folder, epochs_of(phases), options.checkpoint_every, options.keep, info,
                          options.on_disk_full == "warn", shows_progress, in_place ? resumed->facts : nlohmann::json()},
        facts, options.ini, host.rank());
  });
  enter_run(folder.string());
  try {
    agree(host, [&] { open_log_file(folder / "log", host.rank()); });
    TrainingProgress progress;
    std::string stop_reason;
    const auto first = resumed ? static_cast<std::size_t>(phase_of(resumed->checkpoint)) : 0;
    bool paused = false;
    for (std::size_t i = first; i < phases.size() && !paused; ++i) {
      const auto frozen = freeze(*net, options.phases[i].freeze);
      Trainer trainer(phases[i], *net, *train, validation_or_none, communicator, *recorder, progress);
      if (i == first) {
        log_run_table(options, facts, data, *train, *net, trainer);
        check_step_graph(options, trainer);
      }
      log_phase(i, phases, frozen.size());
      if (i == 0 && !resumed && !frozen.empty() && options.init_from.empty())
        spdlog::warn("what is frozen keeps random weights: --init-from gives it some that tell something");
      stop_reason.clear();
      if (resumed && i == first) {
        const bool last = i + 1 == phases.size();
        agree(host, [&] {
          trainer.restore(resumed->checkpoint, resumed->best);
          require(resumed->own || !last || trainer.epochs_left() > 0, ExitCode::kUsage,
                  fmt::format("'{}' has {} epochs, and no more are asked for: raise --epochs.",
                              resumed->facts.at("from").get<std::string>(), trainer.progress().epochs));
        });
        log_resumption(*resumed);
        if (resumed->own || !last) stop_reason = resumed->checkpoint.info.stop_reason;
        resumed->checkpoint.model.clear();
        resumed->checkpoint.state.clear();
      }
      if (i == first) agree(host, [&] { recorder->require_room(trainer); });
      if (!resumed && i == first && host.rank() == 0) recorder->show_faces(first_pictures(*train));
      if (stop_reason.empty()) stop_reason = trainer.run();
      progress = trainer.progress();
      paused = trainer.paused();
    }
    if (paused) {  // without the trainer, whose recorded steps the communicator would wait for
      communicator.close();
      recorder->report_lost_lines(lost_lines_of_all(host));
      agree(host, [&] { recorder->pause(progress); });
      return ExitCode::kPreempted;
    }
    agree(host, [&] { recorder->settle(); });
    enter_phase(Phase::kScoring);
    const auto best = answers_of_best(*net, data, view, folder, placement.device, communicator);
    communicator.close();
    recorder->report_lost_lines(lost_lines_of_all(host));
    const std::string state = stop_reason.empty() ? "finished" : "stopped_early";
    const auto why = stop_reason.empty() ? "all epochs done" : stop_reason;
    agree(host, [&] {
      if (host.rank() == 0)
        write_best_answers(best, *net, data, view, folder, placement.device, fmt::format("{}: {}", state, why));
      if (data.test && best && best->evaluation.scores) recorder->record_test(data.test->name, *best->evaluation.scores);
      recorder->finish(state, why);
    });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (host.rank() == 0)
      log_run_summary({folder, progress.best_metric, elapsed.count(), resumed.has_value()}, data, best);
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
  return ExitCode::kOk;
}

}  // namespace fer
