#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/sample_source.h"

namespace fer {

/// Opens what people hold faces in, told by what is there, never guessed: a CSV file with a header, a folder with
/// headerless CSV files or with Kaggle's, or a tree of image files. Several of them are joined, split by split.
/// @param paths    at least one.
/// @param classes  names in label order; empty: what the source says itself.
/// @param size     side to which pictures are brought, in pixels; 0: as they are.
/// @throws Error (kBadInput) if a path is none of these, or two of them at once, or they do not go together.
std::unique_ptr<SampleSource> open_source(const std::vector<std::string>& paths,
                                          const std::vector<std::string>& classes, std::int64_t size, int threads);

}  // namespace fer
