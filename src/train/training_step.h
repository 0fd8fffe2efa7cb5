#pragma once

#include <memory>
#include <optional>

#include "comm/communicator.h"
#include "data/training_set.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "optim/weight_average.h"
#include "train/gradient_reducer.h"
#include "train/metrics.h"
#include "train/step_graph.h"
#include "train/step_undo.h"
#include "train/trainer_config.h"

namespace fer {

/// Why a step is bad: on all ranks the same.
struct BadStep {
  std::int64_t step = 0;  // counted from 0
  int rank = 0;           // where it happened first
  std::string what;       // as NonFinite says it
};

/// What training does over and over: forward and backward over a batch, gradients summed over the ranks, an update.
class TrainingStep {
 public:
  /// Makes all replicas rank 0's. Collective; everything it is given outlives it.
  /// @param steps_done  ahead of the first
  TrainingStep(const TrainerConfig& config, Net& net, Communicator& communicator, const TrainingSet& train,
               std::int64_t steps_done);
  TrainingStep(const TrainingStep&) = delete;
  TrainingStep& operator=(const TrainingStep&) = delete;
  /// Batch norms forget the communicator.
  ~TrainingStep();

  /// Collective. @param meter  the same in all calls
  /// @param own  what this rank asks of all of them
  void run(const TrainingBatch& batch, double learning_rate, MetricMeter& meter, const Requests& own = {});
  /// What any rank asked for in the last step. Waits for a GPU.
  Requests asked() const { return reducer_->asked(); }

  /// Goes on from where another stood. @param optimizer  its state
  void restore(const std::map<std::string, torch::Tensor>& optimizer, std::int64_t steps_done, std::int64_t bad_in_row);

  std::int64_t steps_done() const { return steps_done_; }
  bool synchronised_batch_norm() const { return synchronised_batch_norm_; }
  bool is_recorded() const { return graph_ != nullptr; }
  const Optimizer& optimizer() const { return *optimizer_; }
  /// Null if the weights themselves are kept.
  WeightAverage* average() { return average_ ? &*average_ : nullptr; }
  const WeightAverage* average() const { return average_ ? &*average_ : nullptr; }

  /// Steps that updated nothing do not count where the average's decay grows with its updates.
  void leave_out_of_average(std::int64_t steps);

  // A step that leaves a gradient which is no finite number is bad: on all ranks the same, for the sum over the ranks
  // carries it to all. It updates nothing.

  /// How many were left out because they were bad. Waits for a GPU.
  std::int64_t skipped_steps() const;
  /// How many of the last ones were bad. Waits for a GPU.
  std::int64_t bad_in_row() const;
  /// The bad step, counted from 0, that is one too many in a row. From it on nothing was updated. Waits for a GPU.
  std::optional<std::int64_t> fatal_step() const;
  /// Computes that step once more to tell where it went wrong. Collective.
  BadStep explain_fatal_step(const TrainingBatch& batch);

 private:
  bool shares_statistics(const TrainingBatch& batch) const;
  std::vector<TrainingBatch> parts_of(const TrainingBatch& batch) const;
  void prepare(const TrainingBatch& batch, std::int64_t step);
  std::vector<torch::Tensor> gradients_of(const std::vector<TrainingBatch>& parts, std::int64_t step,
                                          MetricMeter& meter);
  void update(const TrainingBatch& batch, MetricMeter& meter);
  void judge(const std::vector<torch::Tensor>& gradients);

  const TrainerConfig& config_;
  Net& net_;
  Communicator& communicator_;
  NamedParameters parameters_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientReducer> reducer_;
  std::optional<WeightAverage> average_;
  std::unique_ptr<StepGraph> graph_;
  bool synchronised_batch_norm_;
  torch::Tensor learning_rate_;   // of the present step, as the fused kernels want it
  torch::Tensor dropout_step_;    // int32, on a GPU alone
  std::optional<StepUndo> undo_;  // where steps may be left out
  // Scalars on the device:
  torch::Tensor left_out_;     // float32, as the optimizer wants it: 1 where this step updates nothing
  torch::Tensor bad_in_row_;   // float32, up to this step
  torch::Tensor stopped_;      // float32, 1 from the fatal step on
  torch::Tensor steps_ahead_;  // int64, of the fatal one
  torch::Tensor skipped_;      // int64, among them
  std::int64_t first_step_;
  std::int64_t steps_done_;
};

/// What part of a step's virtual ranks, or without these of its samples, each rank has, in any unit.
std::vector<double> shares_of_ranks(const TrainerConfig& config, const Communicator& communicator);

/// For the metrics of an epoch's steps, of which it sums up apart those of each virtual rank, or else of each rank.
MetricMeter make_meter(const TrainerConfig& config, const Communicator& communicator, torch::Device device);

/// Parameters of a net that learn, by name.
NamedParameters learning_parameters(const Net& net);

/// What a moving average of a net is made of: its parameters, and the statistics that its batch norms have of them.
NamedParameters averaged_tensors(const Net& net);

}  // namespace fer
