#pragma once

#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/event_file.h"
#include "artifacts/history.h"
#include "artifacts/scores.h"
#include "model/model.h"

namespace fer {

/// What TensorBoard is to show of an epoch, apart from the net, which may be trained on.
struct EpochEvents {
  EpochRecord record;
  std::optional<SplitScores> validation;     // whose confusion matrix is drawn
  std::map<std::string, Histogram> weights;  // by parameter; empty where they are not due
};

/// Whether weights are looked at behind an epoch: the first, the second, the fourth, the eighth ..., and the last.
bool weights_are_due(std::int64_t epoch, bool last);

/// How the values of each parameter are spread: about a millisecond for a million of them on the host.
std::map<std::string, Histogram> weight_histograms(const Net& net);

/// Scalars, of which those that are not known are left out, matrix and histograms.
void add_epoch(const EpochEvents& epoch, EventFile& events);

/// Pictures side by side.
/// @param images  [N, 1, H, W] in [0, 1], of which the first 16 are shown; N at least 1
EventImage contact_sheet(const torch::Tensor& images);

/// The first batch, as augmentation has changed it, at the step that learns from it.
void add_first_faces(const EventImage& sheet, std::int64_t step, EventFile& events);

/// Figures of one pass over a split; those that are NaN are not known.
struct FinalFigures {
  double loss = EpochRecord::kUnknown;
  double accuracy = EpochRecord::kUnknown;
  double macro_f1 = EpochRecord::kUnknown;
};

/// Enters a run into the table of runs, with the figures that it will have.
void add_run_start(const std::vector<HyperParameter>& parameters, EventFile& events);

/// @param step  behind which the run ended
/// @param best  of the best epoch on the validation split  @param test  of its net on the test split
void add_run_end(std::int64_t step, const FinalFigures& best, const FinalFigures& test, EventFile& events);

}  // namespace fer
