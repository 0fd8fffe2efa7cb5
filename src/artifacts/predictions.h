#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace fer {

/// What a net said about a split, sample by sample.
struct Predictions {
  std::vector<std::string> classes;
  torch::Tensor ids;            // [N] int64
  torch::Tensor probabilities;  // [N, classes] float64
  torch::Tensor truth;          // [N] int64; undefined if unknown
};

/// predictions.csv: `id,label,p_<class>...`, and `truth` last where known; label and truth are class names.
void write_predictions(const std::filesystem::path& path, const Predictions& predictions);

/// submission.csv as a competition wants it: an id and the class's number a row, in row order.
/// @param header  of the sample submission that the ids came from; empty: `Id,Category`, and ids are counted from 0.
void write_submission(const std::filesystem::path& path, const Predictions& predictions, const std::string& header);

}  // namespace fer
