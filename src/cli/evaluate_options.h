#pragma once

#include <string>
#include <vector>

#include "train/evaluate.h"

namespace fer {

struct EvaluateOptions {
  std::vector<std::string> checkpoints;  // one, or the members of an ensemble
  Averaging averaging = Averaging::kSoftmax;
  std::vector<double> weights;  // one per checkpoint
  std::string dataset;
  std::string split;  // empty: `test`, else `private_test`
  std::string out;
  std::string views = "none";
  std::string submission;              // file; empty: none
  std::string sample_submission;       // a competition's, that ids are held against; empty: none
  bool report = false;                 // a page
  std::vector<std::string> to_compare;  // runs, instead of scoring checkpoints
  std::string device = "auto";
  int threads = 0;
  bool quiet = false;
  std::string text_to_print;  // the answer to --help or --version
};

/// @throws Error (kUsage).
EvaluateOptions parse_evaluate_options(int argc, const char* const* argv);

}  // namespace fer
