#include "train/run_recorder.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>
#include <system_error>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "comm/activity.h"

namespace fer {
namespace {

std::vector<std::string> hosts_of(const nlohmann::json& facts) {
  std::vector<std::string> hosts;
  for (const auto& rank : facts.at("ranks")) hosts.push_back(rank.at("host"));
  return hosts;
}

nlohmann::json metrics_of(const EpochRecord& record) {
  nlohmann::json metrics = {{"train_loss", record.train_loss}, {"train_accuracy", record.train_accuracy}};
  if (!std::isnan(record.val_loss)) {
    metrics["val_loss"] = record.val_loss;
    metrics["val_accuracy"] = record.val_accuracy;
    metrics["val_macro_f1"] = record.val_macro_f1;
  }
  return metrics;
}

nlohmann::json json_of(const std::vector<StepAccount>& accounts) {
  auto list = nlohmann::json::array();
  for (const auto& account : accounts)
    list.push_back({{"compute", account.compute},
                    {"communication", account.communication},
                    {"data", account.data},
                    {"other", account.other}});
  return list;
}

/// Of the best epoch, as run.json has it.
FinalFigures figures_of(const nlohmann::json& metrics) {
  return {metrics.value("val_loss", EpochRecord::kUnknown), metrics.value("val_accuracy", EpochRecord::kUnknown),
          metrics.value("val_macro_f1", EpochRecord::kUnknown)};
}

/// @param must  whether a full disk ends the run
void write_unless_full(bool must, const std::function<void()>& write) {
  try {
    write();
  } catch (const Error& error) {
    if (must || error.code() != ExitCode::kIo) throw;
    spdlog::warn("{} The run goes on without.", error.what());
  }
}

}  // namespace

RunRecorder::RunRecorder(RunRecorderConfig config, nlohmann::json facts, const std::string& config_ini, int rank)
    : config_(std::move(config)), rank_(rank), is_root_(rank == 0), hosts_(hosts_of(facts)) {
  if (!is_root_) return;
  const bool resumes = !config_.resumed.is_null();
  const auto config_file = config_.folder / "config.ini";
  if (!resumes) write_file_atomically(config_file, config_ini);  // first, so that a run on record can always go on
  record_ = resumes ? std::make_unique<RunRecord>(config_.folder, facts, config_.resumed)
                    : std::make_unique<RunRecord>(config_.folder, std::move(facts));
  lines_lost_before_ = record_->number("lost_log_lines");
  try {
    const auto history = config_.folder / "history.csv";
    history_ = resumes ? std::make_unique<History>(history, config_.resumed.at("behind_epoch").get<std::int64_t>())
                       : std::make_unique<History>(history);
    if (resumes) {
      write_file_atomically(config_file, config_ini);
      if (const auto& best = config_.resumed.at("best"); !best.is_null()) {
        record_->note("best", best_on_record(best.at("epoch"), best.at("metrics"), best.at("metric")));
        best_ = figures_of(best.at("metrics"));
      }
    }
    checkpoints_ = std::make_unique<RunCheckpoints>(config_.folder, config_.keep, *record_, config_.resumed);
    events_ = std::make_unique<RunEvents>(config_.folder, checkpoints_->saved_step() + 1, config_ini);
  } catch (const Error& error) {
    fail(error.what(), error.code());
    throw;
  }
}

void RunRecorder::on_epoch_start(const EpochStart& start) {
  if (!is_root_) return;
  if (!table_) spdlog::info(table_.emplace(config_.epochs, start.validates).header());
  bar_ = std::make_unique<EpochBar>(start, config_.epochs, epoch_seconds_, config_.show_progress);
  epoch_is_whole_ = start.first_step == 0;
}

void RunRecorder::on_step(std::int64_t step, const MetricMeter& so_far) {
  if (!is_root_) return;
  if (saving_.valid() && saving_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) saving_.get();
  bar_->show(step, so_far);
}

void RunRecorder::on_epoch_end(const EpochReport& report, const Trainer& trainer) {
  const auto& own = report.accounts.at(static_cast<std::size_t>(rank_));
  spdlog::debug("epoch {}: seconds of training: compute {:.3f}, communication {:.3f}, data {:.3f}, other {:.3f}",
                report.record.epoch, own.compute, own.communication, own.data, own.other);
  if (!is_root_) return;
  bar_.reset();
  if (epoch_is_whole_) epoch_seconds_ = report.record.seconds;
  settle();  // ahead of the next copy
  const bool due = is_due(report.record.epoch, report.last || report.paused);
  std::shared_ptr<Checkpoint> checkpoint;
  if (report.best || due || report.checkpoint_due) {
    checkpoint = std::make_shared<Checkpoint>(host_copy(trainer.snapshot()));
    checkpoint->info = info_of(trainer.progress());
    checkpoint->info.metrics = metrics_of(report.record);
    checkpoint->info.stop_reason = report.stop_reason;
  }
  if (report.best) best_ = {report.record.val_loss, report.record.val_accuracy, report.record.val_macro_f1};
  rank_seconds_.resize(report.accounts.size());
  for (std::size_t rank = 0; rank < rank_seconds_.size(); ++rank) rank_seconds_[rank] += report.accounts[rank];
  save(trainer, [this, report, checkpoint, due, events = RunEvents::events_of(report, trainer),
                 seconds = json_of(rank_seconds_), skipped = trainer.progress().skipped_steps] {
    events_->write(events);
    record_->note("rank_seconds", seconds);
    record_->note("skipped_steps", skipped);
    if (report.best) checkpoints_->take_best(checkpoint);
    history_->append(report.record);
    if (report.best) checkpoints_->write_best();  // ahead of the last, behind which a run goes on
    if (due)
      checkpoints_->write_epoch(*checkpoint);
    else if (report.checkpoint_due)
      checkpoints_->write_last(*checkpoint);
    checkpoints_->write_earlier_best();
    record_->set("epochs_done", report.record.epoch);
  });
  log_epoch(report);
}

void RunRecorder::show_faces(const torch::Tensor& images) {
  if (is_root_ && images.size(0) > 0) events_->show_faces(images);
}

void RunRecorder::record_test(const std::string& split, const SplitScores& scores) {
  if (!is_root_) return;
  test_ = {scores.loss, scores.accuracy, scores.macro_f1};
  record_->note("test", {{"split", split},
                         {"samples", scores.samples},
                         {"loss", scores.loss},
                         {"accuracy", scores.accuracy},
                         {"macro_f1", scores.macro_f1}});
}

/// Begins to write once what was begun before is on the disk. A run that was asked to stop must not lose what it has,
/// and waits for it.
void RunRecorder::save(const Trainer& trainer, std::function<void()> write) {
  settle();
  const bool must = !config_.goes_on_unwritten || trainer.paused();
  const auto write_if_possible = [must, write = std::move(write)] { write_unless_full(must, write); };
  try {
    saving_ = std::async(std::launch::async, write_if_possible);
  } catch (const std::system_error&) {  // no more thread is to be had
    const PhaseInside phase(Phase::kSaving);
    write_if_possible();
  }
  if (trainer.paused()) settle();
}

void RunRecorder::settle() {
  if (!saving_.valid()) return;
  const PhaseInside phase(Phase::kSaving);
  saving_.get();
}

bool RunRecorder::is_due(std::int64_t epoch, bool last) const {
  const bool in_turn = config_.checkpoint_every > 0 && epoch % config_.checkpoint_every == 0;
  return in_turn || last;
}

void RunRecorder::go_on_from(const Checkpoint& checkpoint, bool last) {
  if (!is_root_) return;
  const bool ends_epoch = !checkpoint.info.metrics.empty();
  if (!ends_epoch || !is_due(checkpoint.info.epoch, last)) return;
  const PhaseInside phase(Phase::kSaving);
  const auto write = [&] { checkpoints_->complete_epoch(checkpoint, config_.resumed.at("from")); };
  write_unless_full(!config_.goes_on_unwritten, write);
}

void RunRecorder::on_checkpoint(const Checkpoint& checkpoint, const Trainer& trainer) {
  if (!is_root_) return;
  Checkpoint whole = checkpoint;
  whole.info = info_of(trainer.progress());
  save(trainer, [this, whole = std::move(whole), skipped = trainer.progress().skipped_steps] {
    record_->note("skipped_steps", skipped);
    history_->write();  // what is saved goes on behind its rows
    checkpoints_->write_last(whole);
    checkpoints_->write_earlier_best();
  });
}

void RunRecorder::on_skipped_steps(std::int64_t step, std::int64_t count, std::int64_t total) {
  if (is_root_)
    spdlog::warn("up to step {} {} left out for a gradient that is no finite number, {} in all", step,
                 count == 1 ? "one step was" : fmt::format("{} steps were", count), total);
}

/// The rank where it happened leaves what it was at.
void RunRecorder::on_fatal_step(const BadStep& bad, const TrainingBatch& batch, const Net& net) {
  if (rank_ != bad.rank) return;
  const PhaseInside phase(Phase::kSaving);
  const auto path = config_.folder / "non_finite.safetensors";
  try {
    SafetensorsFile bundle;
    bundle.tensors = {{"images", batch.images.cpu()}, {"labels", batch.labels.cpu()}};
    for (const auto& item : net.named_parameters())
      bundle.tensors["weights." + item.key()] = item.value().detach().cpu();
    bundle.metadata = {{"step", std::to_string(bad.step + 1)}, {"rank", std::to_string(bad.rank)}, {"what", bad.what}};
    write_safetensors(path, bundle);
    spdlog::warn("pictures, labels and weights of step {} are in '{}'", bad.step + 1, path.string());
  } catch (const std::exception& error) {
    spdlog::warn("'{}' could not be written: {}", path.string(), error.what());
  }
}

void RunRecorder::require_room(const Trainer& trainer) const {
  if (!is_root_) return;
  const auto lack = checkpoints_->lack_of_room(trainer.snapshot());
  if (!lack) return;
  require(config_.goes_on_unwritten, ExitCode::kIo, *lack);
  spdlog::warn(*lack);
}

CheckpointInfo RunRecorder::info_of(const TrainingProgress& progress) const {
  CheckpointInfo info = config_.checkpoint;
  info.epoch = progress.epochs;
  info.step = progress.steps;
  info.monitor = progress.monitor;
  info.best_metric = progress.best_metric;
  return info;
}

void RunRecorder::log_epoch(const EpochReport& report) const {
  spdlog::info(table_->row(report));
  for (const auto& note : epoch_notes(report, hosts_)) spdlog::info(note);
}

void RunRecorder::report_lost_lines(std::int64_t lines) {
  if (!is_root_) return;
  record_->note("lost_log_lines", lines_lost_before_ + lines);
  if (lines > 0)
    spdlog::warn("log    {} lines that ranks had to say are lost: '{}' did not take them", lines,
                 (config_.folder / "log").string());
}

void RunRecorder::catch_up() {
  settle();
  if (is_root_) write_unless_full(!config_.goes_on_unwritten, [this] { history_->write(); });
}

void RunRecorder::finish(const std::string& state, const std::string& why) {
  if (!is_root_) return;
  settle();
  events_->finish(best_, test_);
  record_->end(state, why, ExitCode::kOk);
}

void RunRecorder::pause(const TrainingProgress& progress) {
  if (!is_root_) return;
  settle();
  const PhaseInside phase(Phase::kSaving);
  bar_.reset();
  const auto where = fmt::format("after step {}, with {} whole epochs", progress.steps, progress.epochs);
  record_->end("preempted", fmt::format("asked to stop by a signal; saved {}", where), ExitCode::kPreempted);
  spdlog::info("stop   a signal asked for it: saved {}; --resume auto goes on from there", where);
}

void RunRecorder::fail(const std::string& why, ExitCode exit_code) noexcept {
  if (!is_root_) return;
  const PhaseInside phase(Phase::kSaving);
  bar_.reset();
  try {
    settle();
  } catch (const std::exception& error) {
    spdlog::warn("{}", error.what());
  }
  try {
    report_lost_lines(lost_log_lines());
    record_->end("failed", why, exit_code);
    if (events_) events_->fail();
  } catch (const std::exception& error) {
    spdlog::warn("run.json could not be brought up to date: {}", error.what());
  }
}

void RunRecorder::fail_alone(const std::string& why, ExitCode exit_code) noexcept {
  if (is_root_) {
    record_->note("alone", true);
    return fail(why, exit_code);
  }
  const PhaseInside phase(Phase::kSaving);
  try {
    mark_failed(config_.folder, fmt::format("rank {}: {}", rank_, why), exit_code, {{"alone", true}});
  } catch (const std::exception& error) {
    spdlog::warn("run.json could not be brought up to date: {}", error.what());
  }
}

}  // namespace fer
