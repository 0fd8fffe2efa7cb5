#pragma once

#include <filesystem>
#include <string>

#include "apps/score_best.h"
#include "train/evaluate.h"
#include "train/run_data.h"

namespace fer {

/// How a run came to its end.
struct RunEnd {
  std::filesystem::path folder;
  std::string best_metric;  // by which the best epoch was chosen
  double seconds = 0;       // that it took
  bool resumed = false;     // since it went on, then
};

/// Logs the best epoch, what its net got right, in all and by class, how long the run took, and where everything is.
void log_run_summary(const RunEnd& end, const RunData& data, const BestOfRun& best);

/// Logs what came of a split, in all and by class, and where the epoch was chosen by it, that this flatters.
void log_answers(const Split& split, const Evaluation& evaluation, const RunData& data);

}  // namespace fer
