#pragma once

#include <cstdint>
#include <optional>

#include "optim/early_stopping.h"
#include "optim/learning_rate.h"
#include "optim/optimizer.h"
#include "train/bucket_reducer.h"
#include "train/fault.h"
#include "train/loss.h"
#include "train/monitor.h"

namespace fer {

enum class SyncBatchNorm { kAuto, kOn, kOff };

/// Below this many samples a rank's own batch statistics are too noisy to normalise with.
constexpr std::int64_t kFewestLocalSamples = 16;

struct TrainerConfig {
  std::int64_t phase = 0;  // which this is, for checkpoints
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
  std::int64_t skip_non_finite = 0;  // steps in a row that may be left out for a gradient that is no finite number
  bool autocast = false;             // on a GPU: bfloat16 where torch's autocast holds it to be safe
  bool records_steps = false;        // on a GPU: a step is recorded as a CUDA graph and replayed
  std::int64_t look_every = 1;       // steps after which the host asks whether a gradient was no finite number and what
                                     // ranks ask for, which makes it wait for a GPU; meanwhile the device itself leaves
                                     // out all updates
  std::int64_t checkpoint_steps = 0;  // steps of the run between checkpoints within epochs; 0: there are none
  double checkpoint_seconds = 0;      // the same by rank 0's clock
  std::optional<Fault> fault;
};

}  // namespace fer
