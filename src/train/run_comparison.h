#pragma once

#include <filesystem>
#include <vector>

#include "artifacts/report.h"

namespace fer {

/// Runs, and evaluations by fer_evaluate, side by side: history.csv and run.json where there are such, predictions.csv
/// with the true classes for scores. Two whose predictions are about the same samples are held against each other.
/// Losses are those of probabilities to six decimals.
/// @param folders  two or more
/// @throws Error (kBadInput) naming a folder that is neither, or if predictions are about different splits or classes.
Comparison compare_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace fer
