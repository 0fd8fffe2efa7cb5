#pragma once

#include <nlohmann/json.hpp>

#include "cli/train_options.h"
#include "model/model.h"
#include "train/run_data.h"
#include "train/trainer.h"

namespace fer {

/// Logs what a run is set up as, in one block of lines: on which hosts and devices, with what data and net, in what
/// steps, and where it writes.
/// @param facts  as run.json has them: `ranks` with `host` and `device` each, `threads`, `backend`
void log_run_table(const TrainOptions& options, const nlohmann::json& facts, const RunData& data,
                   const TrainingSet& train, const Net& net, const Trainer& trainer);

}  // namespace fer
