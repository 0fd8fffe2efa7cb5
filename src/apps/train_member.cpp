#include "apps/train_member.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <chrono>

#include "apps/resume.h"
#include "apps/run_facts.h"
#include "apps/run_folder.h"
#include "apps/run_summary.h"
#include "apps/run_table.h"
#include "apps/score_best.h"
#include "apps/training_parts.h"
#include "base/log.h"
#include "base/text.h"
#include "comm/activity.h"
#include "comm/agreement.h"
#include "model/freeze.h"
#include "train/run_recorder.h"
#include "train/trainer.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// What a run trains, and with what.
struct Training {
  const TrainOptions& options;
  const TrainingJob& job;
  MpiCommunicator& host;
  ViewConfig view;                                    // in which the net is scored
  std::unique_ptr<Communicator> device_communicator;  // null: `host` serves
  TrainingSet train;
  std::shared_ptr<Net> net;
  std::vector<TrainerConfig> phases;
  std::optional<Loader> validation;

  Communicator& communicator() const { return device_communicator ? *device_communicator : host; }
  const Loader* validation_or_none() const { return validation ? &*validation : nullptr; }
};

/// How training ended, ahead of scoring.
struct TrainingEnd {
  TrainingProgress progress;
  std::string stop_reason;  // empty: all epochs are done, or it is paused
  bool paused = false;
};

/// Samples of a step, of all ranks of a run together.
std::int64_t global_batch_size(const TrainOptions& options, const TrainingJob& job, const MpiCommunicator& host) {
  return own_data_config(options, job.data_config, host.world_size()).training_set.global_batch_size;
}

std::string text_of(const torch::Tensor& weights) {
  if (!weights.defined()) return "none";
  std::vector<std::string> values;
  for (std::int64_t i = 0; i < weights.numel(); ++i) values.push_back(fmt::format("{:.6g}", weights[i].item<double>()));
  return join(values);
}

/// Of the phases' losses.
std::string class_weights_of(const std::vector<TrainerConfig>& phases) {
  std::vector<std::string> weights;
  for (const auto& phase : phases) weights.push_back(text_of(phase.loss.class_weights));
  return join(weights, "; ");
}

/// The options' file may have changed since. On all ranks alike.
void require_same_class_weights(const ResumePoint& resumed, const std::vector<TrainerConfig>& phases) {
  const auto& there = resumed.checkpoint.info.class_weights;
  const auto here = class_weights_of(phases);
  require_together(
      there.empty() || there == here, ExitCode::kUsage,
      fmt::format("the run has other --class-weights: there {}, here {}. Give the same, or begin anew.", there, here));
}

/// @param resumed  whether a checkpoint's weights follow
/// Collective.
Training prepare(const TrainOptions& options, const TrainingJob& job, bool resumed, MpiCommunicator& host) {
  const auto& [placement, job_data_config, data, shows_progress] = job;
  const auto data_config = own_data_config(options, job_data_config, host.world_size());
  check_batch(options, data, data_config.training_set.global_batch_size, host.world_size());
  auto device_communicator = make_device_communicator(placement, host);
  const Communicator& communicator = device_communicator ? *device_communicator : host;

  std::optional<TrainingSet> train;
  std::shared_ptr<Net> net;
  std::vector<TrainerConfig> phases;
  agree(host, [&] {
    train.emplace(make_training_set(data_config, data, placement.device, communicator));
    net = make_net(options, data, placement.device, resumed ? "" : options.init_from);
    phases = phase_configs(options, *net, data, placement, host.world_size());
  });
  require_same(host, "the values of --class-weights", class_weights_of(phases));  // each rank has read its own file
  const ViewConfig view{TestViews::kNone, options.data.training_set.augmentation.spec.crop};
  std::optional<Loader> validation;
  if (data.validation) validation.emplace(*data.validation, std::ssize(data.classes), placement.device, view);
  return {options,
          job,
          host,
          view,
          std::move(device_communicator),
          std::move(*train),
          std::move(net),
          std::move(phases),
          std::move(validation)};
}

/// Refuses what --cuda-graph on asks for where steps cannot be recorded.
void check_step_graph(const TrainOptions& options, const Trainer& trainer) {
  require_together(
      options.cuda_graph != "on" || trainer.records_steps(), ExitCode::kUsage,
      "--cuda-graph on wants GPUs, gradients that travel by NCCL, and batch norms that do not share statistics "
      "(--sync-batch-norm off).");
}

/// Goes up to the first step, and writes nothing. Collective.
void dry_run(Training& training) {
  const auto& [placement, job_data_config, data, shows_progress] = training.job;
  const auto& options = training.options;
  TrainingObserver silent;
  const Trainer trainer(training.phases.front(), *training.net, training.train, training.validation_or_none(),
                        training.communicator(), silent);
  log_run_table(options, run_facts(options, data, placement, training.host), data, training.train, *training.net,
                trainer);
  check_step_graph(options, trainer);
  training.communicator().close();
  spdlog::info("dry run: everything up to the first step is in order");
}

/// Collective.
nlohmann::json facts_of(const Training& training, const std::optional<ResumePoint>& resumed) {
  auto facts = run_facts(training.options, training.job.data, training.job.placement, training.host);
  facts["epochs"] = epochs_of(training.phases);
  facts["global_batch_size"] = training.train.global_batch_size();
  if (resumed && !resumed->in_place) facts["resumed"] = {resumed->facts};
  return facts;
}

/// Begins the record of a run, or goes on with the one that is there. Collective.
std::unique_ptr<RunRecorder> open_record(const Training& training, const nlohmann::json& facts,
                                         const std::optional<ResumePoint>& resumed) {
  const auto& options = training.options;
  const bool in_place = resumed && resumed->in_place;
  auto info =
      checkpoint_info(options, training.job.data, training.train.global_batch_size(), training.host.world_size());
  info.class_weights = class_weights_of(training.phases);
  std::unique_ptr<RunRecorder> recorder;
  agree(training.host, [&] {
    recorder = std::make_unique<RunRecorder>(
        RunRecorderConfig{options.out, epochs_of(training.phases), options.checkpoint_every, options.keep, info,
                          options.on_disk_full == "warn", training.job.shows_progress,
                          in_place ? resumed->facts : nlohmann::json()},
        facts, options.ini, training.host.rank());
  });
  return recorder;
}

void log_phase(std::size_t phase, const std::vector<TrainerConfig>& phases, std::size_t frozen) {
  const auto fixed = frozen > 0 ? fmt::format("{} tensors of weights frozen", frozen) : "nothing frozen";
  if (phases.size() > 1)
    spdlog::info("phase  {} of {}: at most {} epochs, {}", phase + 1, phases.size(), phases[phase].epochs, fixed);
  else if (frozen > 0)
    spdlog::info("freeze {}", fixed);
}

/// Goes on from a checkpoint, and frees its tensors. Collective.
/// @param last  whether no phase follows the trainer's
/// @return why the checkpoint's run had stopped there; empty: training goes on
std::string restore(Trainer& trainer, ResumePoint& resumed, bool last, RunRecorder& recorder, MpiCommunicator& host) {
  const auto& stop_reason = resumed.checkpoint.info.stop_reason;
  agree(host, [&] {
    trainer.restore(resumed.checkpoint, resumed.best);
    if (resumed.own) recorder.go_on_from(resumed.checkpoint, trainer.epochs_left() <= 0 || !stop_reason.empty());
    require(resumed.own || !last || trainer.epochs_left() > 0, ExitCode::kUsage,
            fmt::format("'{}' has {} epochs, and no more are asked for: raise --epochs.",
                        resumed.facts.at("from").get<std::string>(), trainer.progress().epochs));
  });
  log_resumption(resumed);
  resumed.checkpoint.model.clear();
  resumed.checkpoint.state.clear();
  return resumed.own || !last ? stop_reason : "";
}

/// What this rank's net sees in its first step. Training begins with it anew.
torch::Tensor first_pictures(TrainingSet& train) {
  train.start_epoch(/*epoch=*/1);
  return train.next().images;
}

/// Trains one phase after the other, from the start or from where the run goes on. Collective.
TrainingEnd train_phases(Training& training, const nlohmann::json& facts, std::optional<ResumePoint>& resumed,
                         RunRecorder& recorder) {
  const auto& options = training.options;
  const auto& phases = training.phases;
  auto& net = *training.net;
  auto& train = training.train;
  auto& host = training.host;
  const auto first = resumed ? static_cast<std::size_t>(phase_of(resumed->checkpoint)) : 0;
  TrainingEnd end;
  for (std::size_t i = first; i < phases.size() && !end.paused; ++i) {
    const auto frozen = freeze(net, options.phases[i].freeze);
    Trainer trainer(phases[i], net, train, training.validation_or_none(), training.communicator(), recorder,
                    end.progress);
    if (i == first) {
      log_run_table(options, facts, training.job.data, train, net, trainer);
      check_step_graph(options, trainer);
    }
    log_phase(i, phases, frozen.size());
    if (i == 0 && !resumed && !frozen.empty() && options.init_from.empty())
      spdlog::warn("what is frozen keeps random weights: --init-from gives it some that tell something");
    end.stop_reason.clear();
    if (resumed && i == first) end.stop_reason = restore(trainer, *resumed, i + 1 == phases.size(), recorder, host);
    if (i == first) agree(host, [&] { recorder.require_room(trainer); });
    if (!resumed && i == first && host.rank() == 0) recorder.show_faces(first_pictures(train));
    if (end.stop_reason.empty()) end.stop_reason = trainer.run();
    end.progress = trainer.progress();
    end.paused = trainer.paused();
  }
  return end;
}

/// Closes the communicator of a run whose trainer is gone, for it would wait for steps that one recorded, and counts
/// the lines that the ranks' logs did not take. Collective.
void close_communicator(const Training& training, RunRecorder& recorder) {
  training.communicator().close();
  auto lines = torch::tensor({lost_log_lines()});
  training.host.all_reduce(lines, ReduceOp::kSum);
  recorder.report_lost_lines(lines.item<std::int64_t>());
}

/// Collective.
void pause_run(const Training& training, const TrainingProgress& progress, RunRecorder& recorder) {
  close_communicator(training, recorder);
  agree(training.host, [&] { recorder.pause(progress); });
}

/// Has the best net answer, and ends the run in good order. Collective.
BestOfRun score_and_finish(const Training& training, const std::string& stop_reason, RunRecorder& recorder) {
  const auto& [placement, job_data_config, data, shows_progress] = training.job;
  const fs::path folder = training.options.out;
  agree(training.host, [&] { recorder.catch_up(); });
  enter_phase(Phase::kScoring);
  const auto best =
      answers_of_best(*training.net, data, training.view, folder, placement.device, training.communicator());
  close_communicator(training, recorder);
  const std::string state = stop_reason.empty() ? "finished" : "stopped_early";
  const auto why = stop_reason.empty() ? "all epochs done" : stop_reason;
  agree(training.host, [&] {
    if (training.host.rank() == 0)
      write_best_answers(best, *training.net, data, training.view, folder, placement.device,
                         fmt::format("{}: {}", state, why));
    if (best.test && best.test->evaluation.scores)
      recorder.record_test(best.test->split.name, *best.test->evaluation.scores);
    recorder.finish(state, why);
  });
  return best;
}

/// Does `work`, and puts on record what it throws ahead of passing it on.
template <class Work>
auto on_record(RunRecorder& recorder, const Work& work) {
  try {
    return work();
  } catch (const AgreedError& error) {
    recorder.fail(error.what(), error.code());
    throw;
  } catch (const Error& error) {
    recorder.fail_alone(error.what(), error.code());
    throw;
  } catch (const std::exception& error) {
    recorder.fail_alone(message_of(error), ExitCode::kInternal);
    throw;
  }
}

}  // namespace

ExitCode train_member(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host) {
  const auto start = std::chrono::steady_clock::now();
  leave_run();
  std::optional<ResumePoint> resumed;
  if (!options.dry_run) resumed = find_resume_point(options, job.data, global_batch_size(options, job, host), host);
  auto training = prepare(options, job, resumed.has_value(), host);
  if (options.dry_run) {
    dry_run(training);
    return ExitCode::kOk;
  }

  const fs::path folder = options.out;
  if (resumed) require_same_class_weights(*resumed, training.phases);
  if (resumed)  // a rehearsal ends with the run's own recovery
    for (auto& phase : training.phases) phase.fault.reset();
  make_run_folder(options, resumed && resumed->in_place, host);
  const auto facts = facts_of(training, resumed);
  const auto recorder = open_record(training, facts, resumed);
  enter_run(folder.string());
  TrainingEnd end;
  const auto best = on_record(*recorder, [&]() -> BestOfRun {
    agree(host, [&] { open_log_file(folder / "log", host.rank()); });
    end = train_phases(training, facts, resumed, *recorder);
    if (!end.paused) return score_and_finish(training, end.stop_reason, *recorder);
    pause_run(training, end.progress, *recorder);
    return {};
  });
  if (end.paused) return ExitCode::kPreempted;
  // Not on record: whatever becomes of these lines, the run has ended in good order.
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (host.rank() == 0)
    log_run_summary({folder, end.progress.best_metric, elapsed.count(), resumed.has_value()}, job.data, best);
  return ExitCode::kOk;
}

}  // namespace fer
