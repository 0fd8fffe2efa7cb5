#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "artifacts/checkpoint.h"
#include "cli/evaluate_options.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "train/evaluate.h"

namespace fer {

/// What is to be written of a split.
struct EvaluationResults {
  const EvaluateOptions& options;
  const Manifest& manifest;
  const std::vector<std::string>& classes;
  const Split& split;
  const Evaluation& evaluation;
  const std::vector<double>& accuracies;   // of members, where there are several
  const std::vector<torch::Tensor>& said;  // by them
  std::string role;                        // of the split
};

/// Writes predictions.csv, metrics.json where there are labels, and the submission that is asked for.
/// @throws Error (kIo); (kBadInput) if the competition's sample has other rows.
void write_results(const EvaluationResults& results);

/// Writes report.html: the answers, and where the first checkpoint lies in its run's folder that run. One net alone is
/// explained. @param info, net  of the first checkpoint  @param loader  of the split, as that net was scored with
void write_report(const EvaluationResults& results, const CheckpointInfo& info, Net& net, const Loader& loader);

/// What a split of a dataset was to the run in whose folder a checkpoint lies; empty if that cannot be told.
std::string role_in_run(const std::string& checkpoint, const Manifest& manifest, const std::string& split);

}  // namespace fer
