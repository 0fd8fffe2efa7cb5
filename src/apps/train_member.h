#pragma once

#include "cli/train_options.h"
#include "comm/placement.h"
#include "train/run_data.h"

namespace fer {

/// What all runs of a job share.
struct TrainingJob {
  const Placement& placement;
  const RunDataConfig& data_config;
  const RunData& data;
  bool shows_progress = false;  // a bar on this rank's terminal
};

/// Trains one net on the ranks of `host`, which may be some of the job's, and leaves in `options.out` what the
/// README lists under "What a run leaves". A dry run ends ahead of the first step and writes nothing. Collective over
/// `host`.
/// @return kPreempted if a signal to any of its ranks paused it, else kOk
/// @throws AgreedError for what all its ranks found alike, after run.json says so; Error for what one rank found alone,
///         which has to end the job.
ExitCode train_member(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host);

}  // namespace fer
