#pragma once

#include <filesystem>
#include <vector>

#include "artifacts/report.h"

namespace fer {

/// Runs, and evaluations by fer_evaluate, side by side: history.csv and run.json where there are such, predictions.csv
/// with the true classes for scores. Two whose predictions are about the same samples are held against each other; what
/// has other classes or samples than the first with scores is left without, and a note says so. Losses are those of
/// probabilities to six decimals.
/// @param folders  two or more
/// @throws Error (kBadInput) naming a folder that is neither, or a file that cannot be read.
Comparison compare_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace fer
