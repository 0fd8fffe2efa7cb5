#pragma once

#include <memory>
#include <optional>
#include <string>

#include "artifacts/checkpoint.h"
#include "artifacts/history.h"
#include "comm/timed_communicator.h"
#include "data/loader.h"
#include "data/training_set.h"
#include "model/model.h"
#include "optim/early_stopping.h"
#include "optim/learning_rate.h"
#include "optim/optimizer.h"
#include "optim/weight_average.h"
#include "train/bucket_reducer.h"
#include "train/loss.h"
#include "train/metrics.h"
#include "train/monitor.h"
#include "train/step_account.h"

namespace fer {

enum class SyncBatchNorm { kAuto, kOn, kOff };

/// Below this many samples a rank's own batch statistics are too noisy to normalise with.
constexpr std::int64_t kFewestLocalSamples = 16;

struct TrainerConfig {
  std::int64_t epochs = 50;
  std::uint64_t seed = 1;  // of dropout
  SyncBatchNorm sync_batch_norm = SyncBatchNorm::kAuto;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  Monitor monitor;
  EarlyStoppingConfig early_stopping;
  double stop_at_accuracy = 0;  // of training, 0 to 1; 0: never
  LossConfig loss;
  BucketConfig buckets;            // of gradients, as they travel
  double clip_norm = 0;            // most L2 norm of the gradient; 0: any
  double average_decay = 0;        // of the weights that are scored and kept; 0: the weights themselves
  std::int64_t virtual_ranks = 0;  // of all ranks together, as of TrainingSetConfig; 0: none
  std::int64_t accumulate = 1;     // parts in which a rank takes its samples of a step: less memory, and but for batch
                                   // norm the same gradient
};

/// How an epoch ended and what follows from it: on every rank the same, but for times.
struct EpochReport {
  EpochRecord record;
  std::vector<StepAccount> accounts;  // of the ranks
  bool last = false;  // of this trainer, though other phases may follow
  bool best = false;  // the best epoch so far, by the selection metric
  bool learning_rate_cut = false;
  double next_learning_rate = 0;
  int epochs_without_improvement = 0;  // of the monitored metric
  std::string stop_reason;             // why this was the last epoch, though more were allowed; else empty
};

/// How far a run has come: a phase goes on where the one before it ended.
struct TrainingProgress {
  std::int64_t epochs = 0;
  std::int64_t steps = 0;
  std::string best_metric;          // which chooses the best epoch
  std::optional<Improvement> best;  // of it; starts anew where a phase chooses by another metric
};

class Trainer;

/// Hears of a run's progress, on every rank.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  virtual void on_epoch_start(std::int64_t /*epoch*/, std::int64_t /*steps*/) {}
  virtual void on_step(std::int64_t /*step*/, const MetricMeter& /*so_far*/) {}
  virtual void on_epoch_end(const EpochReport& /*report*/, const Trainer& /*trainer*/) {}
};

/// Trains the replica of each rank, so that together they are one net. Everything it is given outlives it.
class Trainer {
 public:
  /// @param validation  null where there is no such split.
  /// @param start       after how much training; `config.epochs` are more.
  Trainer(const TrainerConfig& config, Net& net, TrainingSet& train, const Loader* validation,
          Communicator& communicator, TrainingObserver& observer, const TrainingProgress& start = {});

  /// Trains until the last epoch or until there is a reason to stop. Collective.
  /// @return why it stopped early; empty after the last epoch.
  /// @throws Error (kNonFinite) on every rank, naming layer and quantity, in the first step that leaves a gradient that
  /// is no finite number; (kPeer) if replicas drift apart.
  std::string run();

  /// One pass over the train split: returns the reduced sums. Collective. `epoch` counts from 1.
  MetricSums train_epoch(std::int64_t epoch);
  /// What a training step is: forward and backward over the batch, gradients summed over the ranks, an update.
  void train_step(const TrainingBatch& batch, MetricMeter& meter);

  std::int64_t steps_per_epoch() const { return train_.steps_per_epoch(); }
  TrainingProgress progress() const { return {epochs_done_, steps_done_, selection_.name, best_}; }
  bool synchronised_batch_norm() const { return synchronised_batch_norm_; }
  /// Model tensors, and what the run needs to go on, under LibTorch's names. Shares the net's memory.
  Checkpoint snapshot() const;

 private:
  EpochReport run_epoch(std::int64_t epoch);
  void combine_statistics(std::int64_t samples);
  void set_learning_rate(double position);
  void account_for(EpochReport& report, double train_seconds);
  void score_validation(EpochRecord& record);
  void require_finite(const EpochRecord& record) const;
  void decide(EpochReport& report);
  std::vector<TrainingBatch> parts_of(const TrainingBatch& batch, bool shared_statistics) const;
  void require_finite(const std::vector<TrainingBatch>& parts, const std::vector<torch::Tensor>& gradients);
  void add_average(Checkpoint& checkpoint) const;

  TrainerConfig config_;
  Net& net_;
  TrainingSet& train_;
  const Loader* validation_;
  TimedCommunicator communicator_;
  TrainingObserver& observer_;

  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientReducer> reducer_;
  bool synchronised_batch_norm_;
  LearningRate schedule_;
  torch::Tensor learning_rate_;  // of the present step, as the fused kernels want it
  std::optional<WeightAverage> average_;
  EarlyStopping early_stopping_;
  Monitor selection_;  // chooses the best epoch: never by a training metric where there is validation
  Improvement best_;
  std::int64_t first_epoch_;
  std::int64_t epochs_done_;
  std::int64_t steps_done_;
  StepAccount account_;  // of the present epoch
};

}  // namespace fer
