#pragma once

#include <string>
#include <vector>

#include "model/model.h"

namespace fer {

/// Either pictures and a checkpoint, or tensors and a net by name.
struct PredictOptions {
  std::string checkpoint;
  std::vector<std::string> paths;  // of pictures and their folders; `-`: a list on standard input
  std::string format = "table";
  std::string views = "none";
  std::string explain;  // a PNG file to be; empty: none

  ModelConfig model;      // but for the classes, which the weights tell
  std::string init_from;  // safetensors file
  std::string tensors;    // safetensors file with `input`; empty: pictures

  std::string out;  // file; empty: standard output
  std::string device = "auto";
  int threads = 0;
  bool quiet = false;
  std::string text_to_print;  // the answer to --help or --version
};

/// @throws Error (kUsage).
PredictOptions parse_predict_options(int argc, const char* const* argv);

}  // namespace fer
