#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fer {

/// One HDF5 file of a split, as dataset.json lists it.
struct ShardEntry {
  std::string file;
  std::int64_t rows = 0;
  std::string digest;  // of the file's bytes
};

/// What dataset.json says of a split.
struct SplitEntry {
  std::int64_t samples = 0;
  bool labelled = true;
  std::vector<std::int64_t> class_counts;  // in label order; empty if not labelled
  std::vector<std::int64_t> histogram;     // pixels of each value, 0 to 255
  std::string content_digest;              // over (pixels, class name) pairs, whatever their order and ids
  std::vector<ShardEntry> shards;          // in row order
  bool voted = false;                      // whether samples have votes for each class beside their label
};

/// A sample by its place: the row, counted from 0, within a split.
struct SampleRef {
  std::string split;
  std::int64_t row = 0;

  auto operator<=>(const SampleRef&) const = default;
};

/// What was noticed about a dataset's pictures while it was written.
struct Passport {
  std::vector<std::vector<SampleRef>> duplicates;  // groups of two or more pictures that are equal, pixel for pixel
  std::vector<SampleRef> constant;                 // pictures of a single value, in order
  std::vector<std::string> skipped;                // what the source held but could not be read, and why
};

/// The split whose ids and order a competition's sample submission tells.
inline constexpr const char* kSampledSplit = "test";

/// dataset.json: what a dataset's folder holds.
struct Manifest {
  std::string name;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::string> classes;  // in label order
  std::map<std::string, SplitEntry> splits;
  std::string submission_header;  // of the sample submission, if one was imported
  Passport passport;

  bool has_split(const std::string& split) const { return splits.contains(split); }
  /// @throws Error (kBadInput) naming the splits there are.
  const SplitEntry& split(const std::string& split) const;
  /// Identifies the dataset: covers every byte of every shard through their digests.
  std::string digest() const;
  /// The header of the imported sample submission, for the split that it is about; empty for others, and without one.
  std::string submission_header_of(const std::string& split) const {
    return split == kSampledSplit ? submission_header : std::string();
  }
};

/// Groups of samples, as a list of {split: [rows]}: a million samples are listed in little memory. Read again,
/// the samples of a group are in the order of split name and row.
nlohmann::json groups_to_json(const std::vector<std::vector<SampleRef>>& groups);
std::vector<std::vector<SampleRef>> groups_from_json(const nlohmann::json& list);

inline constexpr const char* kManifestFile = "dataset.json";

/// @throws Error (kBadInput) if the file is missing, damaged, of another format version, or contradicts itself.
Manifest read_manifest(const std::filesystem::path& folder);

void write_manifest(const std::filesystem::path& folder, const Manifest& manifest);

}  // namespace fer
