#pragma once

#include <filesystem>
#include <optional>

#include "comm/communicator.h"
#include "data/loader.h"
#include "model/model.h"
#include "train/evaluate.h"
#include "train/run_data.h"

namespace fer {

/// What the best net of a run says of a split.
struct BestAnswers {
  const Split& split;
  Evaluation evaluation;
};

/// What the best net of a run says.
struct BestOfRun {
  std::optional<BestAnswers> test;        // where there is such a split
  std::optional<BestAnswers> validation;  // where RunData::test_tells() does not hold
};

/// Loads the best checkpoint into `net` and has it answer the test split, on which nothing was chosen, and where there
/// is none or it has no labels, the validation split; nothing where there is neither. Collective.
/// @throws AgreedError (kIo, kBadInput) if there is no checkpoint to be read.
BestOfRun answers_of_best(Net& net, const RunData& data, const ViewConfig& view, const std::filesystem::path& folder,
                          const torch::Device& device, Communicator& communicator);

/// Writes predictions.csv and submission.csv, which are about the test split alone, and report.html. A report that
/// cannot be made ends no run. On rank 0 alone.
/// @param ending  how the run ended, for the report
/// @throws Error (kIo).
void write_best_answers(const BestOfRun& best, Net& net, const RunData& data, const ViewConfig& view,
                        const std::filesystem::path& folder, const torch::Device& device, const std::string& ending);

}  // namespace fer
