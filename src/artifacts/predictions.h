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

/// predictions.csv: `id,label,p_<class>...`, and `truth` last where known; label and truth are class names, quoted as
/// RFC 4180 says.
void write_predictions(const std::filesystem::path& path, const Predictions& predictions);

/// Reads a predictions.csv back. Its six decimals may tie where the net's answers did not: the label's probability is
/// then raised by the last bit, so that of each row the largest is its label's.
/// @throws Error (kBadInput) naming file and line if it cannot be read, has other columns, or a value that will not do.
Predictions read_predictions(const std::filesystem::path& path);

/// submission.csv as a competition wants it: an id and the class's number a row, in row order.
/// @param header  of the sample submission that the ids came from; empty: `Id,Category`, and ids are counted from 0.
void write_submission(const std::filesystem::path& path, const Predictions& predictions, const std::string& header);

/// What rows a competition wants.
struct SubmissionForm {
  std::string header;  // as write_submission() has it
  torch::Tensor ids;   // [N] int64, row by row
  torch::Tensor rows;  // [N] int64, which sample of the split each row is about
};

/// The form of a competition's sample submission, a CSV file with a header and the ids first: those of the split, in
/// any order, or else row numbers of the split, counted from 0 and in their order.
/// @param ids  [N] int64, of the split
/// @throws Error (kBadInput) naming the first row that will not do, and both counts.
SubmissionForm read_sample_submission(const std::filesystem::path& sample, const torch::Tensor& ids);

}  // namespace fer
