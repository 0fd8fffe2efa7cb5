#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "artifacts/checkpoint.h"
#include "cli/train_options.h"
#include "comm/mpi_communicator.h"
#include "train/run_data.h"
#include "train/trainer.h"

namespace fer {

/// Where a run goes on that had begun.
struct ResumePoint {
  Checkpoint checkpoint;
  nlohmann::json facts;  // for run.json: behind which epoch and step, from which file, with which options changed
  bool in_place = true;  // in the folder where it had begun
  bool own = true;       // the checkpoint is of this folder's run
  std::optional<BestValue> best;  // of the best epoch whose checkpoint is there
};

/// How the run in `options.out` has ended, if it did in good order and there is nothing left to do: it was finished,
/// and no more epochs are asked for, or it was stopped early. Not collective.
/// @throws Error (kUsage) if a run is there and `options.resume` is not auto, or it has other options or data.
std::optional<std::string> completion(const TrainOptions& options, const RunData& data);

/// The checkpoint that `--resume` asks for; of auto the furthest whole one of the unfinished run in `options.out`, if
/// there is such a run and it left one. Rank 0 alone looks: other hosts might see older files. Collective.
/// @throws AgreedError (kUsage) if net, classes, data, batch of all ranks or another option on which the result depends
///         would be another than of its run, naming both; (kBadInput).
std::optional<ResumePoint> find_resume_point(const TrainOptions& options, const RunData& data,
                                             std::int64_t global_batch_size, MpiCommunicator& host);

void log_resumption(const ResumePoint& point);

}  // namespace fer
