#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/import/fer_plus.h"
#include "data/sample_source.h"

namespace fer {

struct ImportConfig {
  std::vector<std::string> paths = {};       // at least one
  std::vector<std::string> classes = {};     // names in label order; empty: what the source says itself
  std::int64_t size = 0;                     // side to which pictures are brought, in pixels; 0: as they are
  VoteRule vote_rule = VoteRule::kMajority;  // of FER+ labels
  int threads = 1;
};

/// Opens what people hold faces in, told by what is there, never guessed: a CSV file with a header, perhaps with FER+
/// labels named behind it, a folder with headerless CSV files or with Kaggle's, or a tree of image files. Several of
/// them are joined, split by split.
/// @throws Error (kBadInput) if a path is none of these, or two of them at once, or they do not go together.
std::unique_ptr<SampleSource> open_source(const ImportConfig& config);

}  // namespace fer
