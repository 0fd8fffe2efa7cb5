#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/manifest.h"

namespace fer {

inline constexpr const char* kNearDuplicateFile = "near_duplicates.json";

/// Writes near_duplicates.json beside dataset.json: groups of samples that are nearly equal.
/// @param dataset_digest  Manifest::digest() of the dataset they were found in.
/// @throws Error (kIo).
void write_near_duplicates(const std::filesystem::path& folder, const std::string& dataset_digest,
                           const std::vector<std::vector<SampleRef>>& groups);

/// The groups that write_near_duplicates() wrote for the dataset as it is now; nothing if nobody looked for any.
/// @throws Error (kBadInput) naming the file if it was made for another version of the dataset, or is damaged.
std::optional<std::vector<std::vector<SampleRef>>> read_near_duplicates(const std::filesystem::path& folder,
                                                                        const std::string& dataset_digest);

}  // namespace fer
