#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "apps/score_best.h"
#include "artifacts/scores.h"

namespace fer {

/// How a run came to its end.
struct RunEnd {
  std::filesystem::path folder;
  std::string best_metric;  // by which the best epoch was chosen
  double seconds = 0;       // that it took
  bool resumed = false;     // since it went on, then
};

/// Logs the best epoch, what its net got right, in all and by class, how long the run took, and where everything is.
void log_run_summary(const RunEnd& end, const std::vector<std::string>& classes, const BestOfRun& best);

/// Logs what came of a split, in all and by class. @param label  of the first line
void log_scores(std::string_view label, const SplitScores& scores, const std::string& split,
                const std::vector<std::string>& classes);

}  // namespace fer
