#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/checkpoint.h"
#include "artifacts/history.h"
#include "artifacts/scores.h"
#include "comm/timed_communicator.h"
#include "data/loader.h"
#include "data/training_set.h"
#include "model/model.h"
#include "optim/early_stopping.h"
#include "optim/learning_rate.h"
#include "train/metrics.h"
#include "train/monitor.h"
#include "train/step_account.h"
#include "train/trainer_config.h"
#include "train/training_step.h"

namespace fer {

/// An epoch that begins, or goes on behind a checkpoint within it: on every rank the same.
struct EpochStart {
  std::int64_t epoch = 0;                                // from 1
  std::int64_t steps = 0;                                // of the whole epoch
  std::int64_t first_step = 0;                           // of them, how many had been done before
  std::int64_t samples = 0;                              // of the whole epoch, over all ranks
  bool validates = false;                                // at its end
  std::function<double(std::int64_t)> learning_rate_at;  // of a step of the epoch, from 0; good until the epoch's end
};

/// How an epoch ended and what follows from it: on every rank the same, but for times.
struct EpochReport {
  EpochRecord record;
  std::vector<StepAccount> accounts;      // of the ranks
  std::optional<SplitScores> validation;  // where there is such a split
  bool last = false;                  // of this trainer, though other phases may follow
  bool paused = false;                // somebody asked the run to stop
  bool best = false;                  // the best epoch so far, by the selection metric
  bool checkpoint_due = false;        // by the number of steps, or by time, behind its last step
  bool learning_rate_cut = false;
  double next_learning_rate = 0;
  int epochs_without_improvement = 0;  // of the monitored metric
  std::string monitor;                 // its name
  int patience = 0;                    // such epochs in a row that end the run; 0: they do not
  std::string stop_reason;             // why this was the last epoch, though more were allowed; else empty
};

/// How far a run has come: a phase goes on where the one before it ended.
struct TrainingProgress {
  std::int64_t epochs = 0;          // whole ones
  std::int64_t steps = 0;           // of them, and of the epoch that is under way
  std::string best_metric;          // which chooses the best epoch
  std::optional<Improvement> best;  // of it; starts anew where a phase chooses by another metric
  std::int64_t skipped_steps = 0;   // of `steps`, left out for a gradient that is no finite number
  std::string monitor;              // to which schedule and early stopping listen
};

class Trainer;

/// Hears of a run's progress, on every rank.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  virtual void on_epoch_start(const EpochStart& /*start*/) {}
  /// @param step  of the epoch, that was just done: from 1  @param so_far  this rank's sums of the epoch
  virtual void on_step(std::int64_t /*step*/, const MetricMeter& /*so_far*/) {}
  virtual void on_epoch_end(const EpochReport& /*report*/, const Trainer& /*trainer*/) {}
  /// Within an epoch. @param checkpoint  on rank 0 a copy, all of it
  virtual void on_checkpoint(const Checkpoint& /*checkpoint*/, const Trainer& /*trainer*/) {}
  /// Steps were left out for a gradient that is no finite number. @param step  the last that was looked at, from 1
  /// @param count  of them, since the last time  @param total  of the run
  virtual void on_skipped_steps(std::int64_t /*step*/, std::int64_t /*count*/, std::int64_t /*total*/) {}
  /// One too many ends the run. @param batch  this rank's of that step
  virtual void on_fatal_step(const BadStep& /*bad*/, const TrainingBatch& /*batch*/, const Net& /*net*/) {}
};

/// The number of the phase that a snapshot was taken in. @throws Error (kBadInput) if it does not say.
std::int64_t phase_of(const Checkpoint& checkpoint);

/// What the best epoch so far came to.
struct BestValue {
  std::string metric;  // by which it was chosen; empty: unknown
  double value = 0;
};

/// Up to a checkpoint; nothing if it does not say.
std::optional<BestValue> best_of(const Checkpoint& checkpoint);

/// Trains the replica of each rank, so that together they are one net. Everything it is given outlives it.
class Trainer {
 public:
  /// @param validation  null where there is no such split.
  /// @param start       after how much training; `config.epochs` are more.
  Trainer(const TrainerConfig& config, Net& net, TrainingSet& train, const Loader* validation,
          Communicator& communicator, TrainingObserver& observer, const TrainingProgress& start = {});

  /// Trains until the last epoch or until there is a reason to stop. A signal to any rank (base/stop_signal.h) is one:
  /// all ranks end the same step, the observer is given a checkpoint, and the run is paused. Collective.
  /// @return why it stopped early; empty after the last epoch, and of a paused run.
  /// @throws Error (kNonFinite) on every rank, naming layer and quantity, in a step that leaves a gradient that is no
  /// finite number, once more of them in a row than may be skipped have done so; (kPeer) if replicas drift apart.
  std::string run();

  bool paused() const { return paused_; }

  /// One pass over the train split, or what a checkpoint within it left: returns the reduced sums of the whole; nothing
  /// of use if the run was paused. Collective. `epoch` counts from 1.
  MetricSums train_epoch(std::int64_t epoch);

  /// Of this trainer, if nothing stops it early.
  std::int64_t epochs_left() const { return first_epoch_ + config_.epochs - 1 - epochs_done_; }
  std::int64_t steps_per_epoch() const { return train_.steps_per_epoch(); }
  TrainingProgress progress() const;
  const Net& net() const { return net_; }
  bool synchronised_batch_norm() const { return step_.synchronised_batch_norm(); }
  /// Whether its steps are replayed as CUDA graphs.
  bool records_steps() const { return step_.is_recorded(); }
  /// Model tensors, and what the run needs to go on behind an epoch, under LibTorch's names. Shares the net's memory.
  Checkpoint snapshot() const;
  /// Goes on from where a trainer of this phase left a checkpoint: to the same end, to the last bit on CPUs, with as
  /// many ranks of as many threads. All ranks are given the same.
  /// @param best  of the best epoch so far whose checkpoint is at hand; nothing: there is none. One of a phase that chose by
  /// another metric does not count.
  /// @throws Error (kBadInput) if it does not fit.
  void restore(const Checkpoint& checkpoint, const std::optional<BestValue>& best);

 private:
  std::optional<EpochReport> run_epoch(std::int64_t epoch);
  void combine_statistics(std::int64_t samples);
  EpochStart epoch_start(std::int64_t epoch) const;
  double learning_rate_at(std::int64_t epoch, std::int64_t step) const;
  Requests own_requests() const;
  Requests look_around(std::int64_t epoch);
  void look_for_bad_steps(std::int64_t epoch);
  [[noreturn]] void fail_at(std::int64_t fatal, std::int64_t epoch);
  void save_within_epoch();
  Checkpoint snapshot_within_epoch();
  void restore_within_epoch(const std::map<std::string, torch::Tensor>& state);
  void restore_memories(const Checkpoint& checkpoint);
  std::vector<torch::Tensor> own_statistics();
  void account_for(EpochReport& report, double train_seconds, std::int64_t steps);
  void score_validation(EpochReport& report);
  void require_finite(const EpochRecord& record) const;
  void require_finite_net() const;
  void decide(EpochReport& report);
  void add_average(Checkpoint& checkpoint) const;

  TrainerConfig config_;
  Net& net_;
  TrainingSet& train_;
  const Loader* validation_;
  TimedCommunicator communicator_;
  TrainingObserver& observer_;

  TrainingStep step_;
  MetricMeter meter_;  // of the present epoch
  LearningRate schedule_;
  EarlyStopping early_stopping_;
  Monitor selection_;  // chooses the best epoch: never by a training metric where there is validation
  Improvement best_;
  std::int64_t first_epoch_;
  std::int64_t epochs_done_;
  std::int64_t steps_of_epoch_ = 0;  // done of the one that is under way
  std::int64_t skipped_before_;      // by trainers ahead of this one
  std::int64_t skipped_steps_ = 0;   // by this one, that the observer knows of
  std::chrono::steady_clock::time_point last_save_ = std::chrono::steady_clock::now();
  bool paused_ = false;
  bool checkpoint_due_ = false;  // behind the present step
  StepAccount account_;  // of the present epoch
};

}  // namespace fer
