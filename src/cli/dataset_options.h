#pragma once

#include <string>
#include <vector>

#include "data/export_csv.h"
#include "data/import/open_source.h"
#include "data/resplit.h"
#include "data/synthesis.h"

namespace fer {

/// `fer_dataset VERB ...`
struct DatasetOptions {
  std::string verb;       // import | synth | split | inspect | verify | export
  ImportConfig imported;  // its paths are what import reads; the dataset of the others, alone
  std::string out;
  std::int64_t shards = 8;
  std::int64_t expect_rows = 0;  // of all splits together; 0: any number
  SynthesisConfig synthesis;
  ResplitConfig resplit;
  ExportConfig exported;
  std::string gallery;            // file that inspect draws; empty: none
  bool near = false;              // inspect looks for nearly equal pictures
  bool skip_bad_samples = false;  // what cannot be read is listed instead of refused
  int threads = 0;
  bool quiet = false;
  std::string text_to_print;  // the answer to --help or --version

  const std::string& folder() const { return imported.paths.front(); }
};

/// @throws Error (kUsage).
DatasetOptions parse_dataset_options(int argc, const char* const* argv);

}  // namespace fer
