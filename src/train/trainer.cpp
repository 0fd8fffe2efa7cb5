#include "train/trainer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/stop_signal.h"
#include "comm/activity.h"
#include "comm/agreement.h"
#include "model/batch_norm.h"
#include "model/freeze.h"
#include "train/evaluate.h"
#include "train/replicas.h"

namespace fer {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Seconds since it was last asked.
class Laps {
 public:
  double next() {
    const auto since = std::exchange(last_, Clock::now());
    return std::chrono::duration<double>(last_ - since).count();
  }

 private:
  Clock::time_point last_ = Clock::now();
};

Monitor selection_metric(const Monitor& monitor, bool has_validation) {
  return has_validation && !monitor.needs_validation() ? Monitor{"val_accuracy"} : monitor;
}

}  // namespace

Trainer::Trainer(const TrainerConfig& config, Net& net, TrainingSet& train, const Loader* validation,
                 Communicator& communicator, TrainingObserver& observer, const TrainingProgress& start)
    : config_(config),
      net_(net),
      train_(train),
      validation_(validation),
      communicator_(communicator),
      observer_(observer),
      step_(config_, net, communicator_, train, start.steps),
      meter_(make_meter(config_, communicator, train.device())),
      schedule_(config.schedule, config.monitor.direction(), config.optimizer.learning_rate,
                static_cast<double>(config.epochs)),
      early_stopping_(config.early_stopping, config.monitor.direction()),
      selection_(selection_metric(config.monitor, validation != nullptr)),
      best_(start.best && start.best_metric == selection_.name
                ? *start.best
                : Improvement(selection_.direction(), /*min_delta=*/0.0)),
      first_epoch_(start.epochs + 1),
      epochs_done_(start.epochs),
      skipped_before_(start.skipped_steps) {}

TrainingProgress Trainer::progress() const {
  return {epochs_done_, step_.steps_done(), selection_.name, best_, skipped_before_ + skipped_steps_,
          config_.monitor.name};
}

std::string Trainer::run() {
  std::string stop_reason;
  while (epochs_left() > 0 && stop_reason.empty() && !paused_) {
    const auto report = run_epoch(epochs_done_ + 1);
    if (!report) break;
    paused_ = report->paused;
    observer_.on_epoch_end(*report, *this);
    stop_reason = report->stop_reason;
  }
  return stop_reason;
}

MetricSums Trainer::train_epoch(std::int64_t epoch) {
  if (steps_of_epoch_ == 0) meter_.reset();
  train_what_is_not_frozen(net_);
  train_.start_epoch(epoch, steps_of_epoch_);
  account_ = {};
  const double communicated_ahead = communicator_.seconds();
  Laps laps;
  while (steps_of_epoch_ < train_.steps_per_epoch() && !paused_) {
    begin_step(step_.steps_done() + 1);
    auto batch = train_.next();
    if (config_.fault) commit_fault(*config_.fault, communicator_.rank(), step_.steps_done() + 1, batch);
    account_.data += laps.next();
    const double communicated = communicator_.seconds();
    step_.run(batch, learning_rate_at(epoch, steps_of_epoch_), meter_, own_requests());
    ++steps_of_epoch_;
    const auto asked = look_around(epoch);
    account_.compute += laps.next() - (communicator_.seconds() - communicated);
    paused_ = asked.stop;
    checkpoint_due_ = asked.checkpoint;
    const bool whole = steps_of_epoch_ == train_.steps_per_epoch();  // its checkpoint is that of its end
    if (asked.stop || (asked.checkpoint && !whole)) save_within_epoch();
    observer_.on_step(steps_of_epoch_, meter_);
    laps.next();  // progress shown is none of these
  }
  if (paused_) return {};
  steps_of_epoch_ = 0;
  if (config_.virtual_ranks == 0) combine_statistics(meter_.sums().samples);
  const auto sums = meter_.reduced(communicator_);
  account_.communication = communicator_.seconds() - communicated_ahead;
  return sums;
}

/// Of the net, and of the average.
void Trainer::combine_statistics(std::int64_t samples) {
  combine_running_statistics(net_, communicator_, samples);
  if (step_.average() == nullptr) return;
  const AverageInUse average(step_.average());
  combine_running_statistics(net_, communicator_, samples);
}

EpochStart Trainer::epoch_start(std::int64_t epoch) const {
  EpochStart start{epoch, train_.steps_per_epoch(), steps_of_epoch_, train_.size(), validation_ != nullptr, {}};
  start.learning_rate_at = [this, epoch](std::int64_t step) { return learning_rate_at(epoch, step); };
  return start;
}

/// The middle of a step counts, so that none has the rate zero.
double Trainer::learning_rate_at(std::int64_t epoch, std::int64_t step) const {
  return schedule_.at(static_cast<double>(epoch - first_epoch_) +
                      (static_cast<double>(step) + 0.5) / static_cast<double>(train_.steps_per_epoch()));
}

Requests Trainer::own_requests() const {
  const bool due = config_.checkpoint_seconds > 0 && seconds_since(last_save_) >= config_.checkpoint_seconds;
  return {.stop = stop_signal() != 0, .checkpoint = due && communicator_.rank() == 0};
}

/// What is to be done behind a step, on all ranks alike.
Requests Trainer::look_around(std::int64_t epoch) {
  const bool due = config_.checkpoint_steps > 0 && step_.steps_done() % config_.checkpoint_steps == 0;
  if (!due && steps_of_epoch_ % config_.look_every != 0 && steps_of_epoch_ != train_.steps_per_epoch()) return {};
  look_for_bad_steps(epoch);
  auto asked = step_.asked();
  asked.checkpoint |= due;
  return asked;
}

void Trainer::look_for_bad_steps(std::int64_t epoch) {
  if (const auto skipped = step_.skipped_steps(); skipped > skipped_steps_) {
    const auto count = skipped - std::exchange(skipped_steps_, skipped);
    step_.leave_out_of_average(count);
    observer_.on_skipped_steps(step_.steps_done(), count, skipped_before_ + skipped);
  }
  if (const auto fatal = step_.fatal_step()) fail_at(*fatal, epoch);
}

/// Collective.
void Trainer::fail_at(std::int64_t fatal, std::int64_t epoch) {
  train_.start_epoch(epoch, steps_of_epoch_ - (step_.steps_done() - fatal));
  auto batch = train_.next();
  if (config_.fault) commit_fault(*config_.fault, communicator_.rank(), fatal + 1, batch);
  const auto bad = step_.explain_fatal_step(batch);
  observer_.on_fatal_step(bad, batch, net_);
  fail_together(ExitCode::kNonFinite,
                fmt::format("step {} went non-finite: {} on rank {} is no finite number. Nothing was updated; try a "
                            "smaller --lr, or look at what that layer computes.",
                            bad.step + 1, bad.what, bad.rank));
}

/// Collective.
void Trainer::save_within_epoch() {
  observer_.on_checkpoint(snapshot_within_epoch(), *this);
  last_save_ = Clock::now();
}

/// Nothing if the run was paused in the middle.
std::optional<EpochReport> Trainer::run_epoch(std::int64_t epoch) {
  const auto steps_here = train_.steps_per_epoch() - steps_of_epoch_;
  checkpoint_due_ = steps_here == 0;  // the one that there is does not know of the epoch's end
  observer_.on_epoch_start(epoch_start(epoch));
  const auto start = Clock::now();
  const MetricSums train = train_epoch(epoch);
  if (paused_) return std::nullopt;
  const double train_seconds = seconds_since(start);
  require_equal_replicas(net_, communicator_);

  EpochReport report;
  report.record.epoch = epoch;
  report.record.step = step_.steps_done();
  report.record.learning_rate = learning_rate_at(epoch, train_.steps_per_epoch() - 1);
  report.record.train_loss = train.loss();
  report.record.train_accuracy = train.accuracy();
  report.record.images_per_second =
      static_cast<double>(train.samples * steps_here) / static_cast<double>(train_.steps_per_epoch()) / train_seconds;
  account_for(report, train_seconds, steps_here);
  score_validation(report);
  require_finite(report.record);
  decide(report);
  report.checkpoint_due = std::exchange(checkpoint_due_, false);
  if (report.checkpoint_due) last_save_ = Clock::now();
  report.paused = !true_everywhere(communicator_, stop_signal() == 0);
  report.record.seconds = seconds_since(start);
  epochs_done_ = epoch;
  return report;
}

/// Collective.
void Trainer::account_for(EpochReport& report, double train_seconds, std::int64_t steps) {
  account_.other = train_seconds - account_.compute - account_.communication - account_.data;
  report.accounts = all_accounts(account_, communicator_);
  const auto mean = mean_of(report.accounts);
  report.record.compute_seconds = mean.compute;
  report.record.communication_seconds = mean.communication;
  report.record.data_seconds = mean.data;
  report.record.other_seconds = mean.other;
  if (steps == 0) return;  // nobody waited
  if (const auto slowest = slowest_of(report.accounts, shares_of_ranks(config_, communicator_))) {
    report.record.slowest_rank = slowest->rank;
    report.record.slowest_ratio = slowest->ratio;
  }
}

void Trainer::score_validation(EpochReport& report) {
  if (validation_ == nullptr) return;
  const PhaseInside phase(Phase::kValidation);
  const AverageInUse average(step_.average());
  report.validation = evaluate(net_, *validation_, communicator_).scores;
  report.record.val_loss = report.validation->loss;
  report.record.val_accuracy = report.validation->accuracy;
  report.record.val_macro_f1 = report.validation->macro_f1;
}

/// A diverged epoch must not become a checkpoint. Losses are taken before an update, so the weights are looked at too.
void Trainer::require_finite(const EpochRecord& record) const {
  const auto refuse = [&](const std::string& quantity) {
    fail_together(ExitCode::kNonFinite, fmt::format("{} of epoch {} is no finite number: the run has diverged. Try a "
                                                    "smaller --lr.",
                                                    quantity, record.epoch));
  };
  if (!std::isfinite(record.train_loss)) refuse("the training loss");
  require_finite_net();
  if (validation_ != nullptr && !std::isfinite(record.val_loss)) refuse("the validation loss");
}

void Trainer::require_finite_net() const {
  const auto refuse = [&](const std::string& what) {
    fail_together(ExitCode::kNonFinite, fmt::format("{} is no finite number after step {}: the run has diverged. Try "
                                                    "a smaller --lr.",
                                                    what, step_.steps_done()));
  };
  for (const auto& item : net_.named_parameters())
    if (!item.value().isfinite().all().item<bool>()) refuse(fmt::format("parameter '{}'", item.key()));
  for (const auto& item : net_.named_buffers())
    if (!item.value().isfinite().all().item<bool>()) refuse(fmt::format("the statistic '{}'", item.key()));
}

void Trainer::decide(EpochReport& report) {
  const double value = config_.monitor.value(report.record);
  report.learning_rate_cut = schedule_.update(value);
  report.next_learning_rate = schedule_.at(static_cast<double>(report.record.epoch + 1 - first_epoch_));
  if (early_stopping_.update(value))
    report.stop_reason = fmt::format("{} epochs in a row without improvement", early_stopping_.bad_epochs());
  report.epochs_without_improvement = early_stopping_.bad_epochs();
  report.monitor = config_.monitor.name;
  report.patience = config_.early_stopping.patience;
  if (config_.stop_at_accuracy > 0 && report.record.train_accuracy >= config_.stop_at_accuracy)
    report.stop_reason = fmt::format("the training accuracy is {:.2f} %", 100 * report.record.train_accuracy);
  report.last = !report.stop_reason.empty() || report.record.epoch + 1 == first_epoch_ + config_.epochs;
  // Without validation there is no basis for preferring an earlier epoch: the latest counts as the best.
  report.best = best_.update(selection_.value(report.record)) || validation_ == nullptr;
}

}  // namespace fer
