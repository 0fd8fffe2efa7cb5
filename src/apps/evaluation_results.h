#pragma once

#include <torch/types.h>

#include <optional>
#include <string>
#include <vector>

#include "artifacts/checkpoint.h"
#include "artifacts/predictions.h"
#include "artifacts/report.h"
#include "cli/evaluate_options.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "train/evaluate.h"

namespace fer {

/// The form of the submission that is asked for, by the competition's sample: the one that is named, else the imported
/// one, whose ids the dataset has; nothing if none is asked for. Without a sample rows are counted from 0.
/// @throws Error (kBadInput) naming what the named sample has otherwise, (kUsage) naming both splits if the
///         imported sample is about another, or about more of its samples.
std::optional<SubmissionForm> submission_form(const EvaluateOptions& options, const Manifest& manifest,
                                              const Split& split);

/// What is to be written of a split.
struct EvaluationResults {
  const EvaluateOptions& options;
  const Manifest& manifest;
  const std::vector<std::string>& classes;
  const Split& split;
  const Evaluation& evaluation;
  const std::vector<double>& accuracies;  // of members, where there are several
  const std::vector<PairedTest>& tests;   // of each two of them
  std::string role;                       // of the split
  const std::optional<SubmissionForm>& submission;
};

/// McNemar's test of each two members. @param said  [N] int64 on the host, by each  @param labels  [N], the true ones
std::vector<PairedTest> tests_of_members(const std::vector<torch::Tensor>& said, const std::vector<std::string>& names,
                                         const torch::Tensor& labels);

/// Writes predictions.csv, metrics.json where there are labels, and the submission that is asked for.
/// @throws Error (kIo).
void write_results(const EvaluationResults& results);

/// Writes report.html: the answers, and where the first checkpoint lies in its run's folder that run. One net alone is
/// explained, by the view in the middle whatever it was scored with. @param info, net  of the first checkpoint
void write_report(const EvaluationResults& results, const CheckpointInfo& info, Net& net, const torch::Device& device);

}  // namespace fer
