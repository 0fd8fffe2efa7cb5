#pragma once

#include <memory>
#include <optional>
#include <string>

#include "artifacts/checkpoint.h"
#include "artifacts/history.h"
#include "comm/communicator.h"
#include "data/loader.h"
#include "data/training_set.h"
#include "model/model.h"
#include "optim/early_stopping.h"
#include "optim/optimizer.h"
#include "optim/plateau_schedule.h"
#include "train/gradient_reducer.h"
#include "train/metrics.h"
#include "train/monitor.h"

namespace fer {

enum class SyncBatchNorm { kAuto, kOn, kOff };

struct TrainerConfig {
  std::int64_t epochs = 50;
  SyncBatchNorm sync_batch_norm = SyncBatchNorm::kAuto;
  OptimizerConfig optimizer;
  Monitor monitor;
  std::optional<PlateauConfig> plateau;  // none: a constant learning rate
  EarlyStoppingConfig early_stopping;
  torch::Tensor class_weights;  // [classes] float32, of each class's loss; undefined: all 1
};

/// How an epoch ended and what follows from it: on every rank the same, but for times.
struct EpochReport {
  EpochRecord record;
  bool best = false;  // the best epoch so far, by the selection metric
  double next_learning_rate = 0;
  int epochs_without_improvement = 0;  // of the monitored metric
  bool stop = false;                   // early stopping has decided
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
  Trainer(const TrainerConfig& config, Net& net, TrainingSet& train, const Loader* validation,
          Communicator& communicator, TrainingObserver& observer);

  /// Trains until the last epoch or until early stopping decides. Collective.
  /// @return whether it stopped early.
  /// @throws Error (kNonFinite) on every rank if an epoch leaves a loss or weight that is no finite number; (kPeer) if
  /// replicas drift apart.
  bool run();

  /// One pass over the train split: returns the reduced sums. Collective. `epoch` counts from 1.
  MetricSums train_epoch(std::int64_t epoch);

  std::int64_t steps_per_epoch() const { return train_.steps_per_epoch(); }
  bool synchronised_batch_norm() const { return synchronised_batch_norm_; }
  /// Model tensors, and what the run needs to go on, under LibTorch's names. Shares the net's memory.
  Checkpoint snapshot() const;

 private:
  EpochReport run_epoch(std::int64_t epoch);
  void score_validation(EpochRecord& record);
  void require_finite(const EpochRecord& record) const;
  void decide(EpochReport& report);

  TrainerConfig config_;
  Net& net_;
  TrainingSet& train_;
  const Loader* validation_;
  Communicator& communicator_;
  TrainingObserver& observer_;

  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientReducer> reducer_;
  bool synchronised_batch_norm_;
  double learning_rate_;
  std::optional<PlateauSchedule> plateau_;
  EarlyStopping early_stopping_;
  Monitor selection_;  // chooses the best epoch: never by a training metric where there is validation
  Improvement best_;
  std::int64_t epochs_done_ = 0;
  std::int64_t steps_done_ = 0;
};

}  // namespace fer
