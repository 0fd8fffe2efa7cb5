#pragma once

#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "artifacts/scores.h"

namespace fer {

/// Counts what a net got right, adding in the split's order in double. Of classes that are equally probable the first
/// is what the net says.
/// @param probabilities  [N, classes] float64 on the host
/// @param labels         [N] int64 on the host, in [0, classes)
SplitScores score_split(const torch::Tensor& probabilities, const torch::Tensor& labels);

/// As metrics.json has it: accuracies from 0 to 1. The interval of a class without samples is [null, null].
nlohmann::json to_json(const SplitScores& scores, const std::vector<std::string>& classes);

}  // namespace fer
