#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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
  std::string content_digest;              // over (pixels, class name) pairs, whatever their order and ids
  std::vector<ShardEntry> shards;          // in row order
};

/// dataset.json: what a dataset's folder holds.
struct Manifest {
  std::string name;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::string> classes;  // in label order
  std::map<std::string, SplitEntry> splits;

  bool has_split(const std::string& split) const { return splits.contains(split); }
  /// @throws Error (kBadInput) naming the splits there are.
  const SplitEntry& split(const std::string& split) const;
  /// Identifies the dataset: covers every byte of every shard through their digests.
  std::string digest() const;
};

inline constexpr const char* kManifestFile = "dataset.json";

/// @throws Error (kBadInput) if the file is missing, damaged, of another format version, or contradicts itself.
Manifest read_manifest(const std::filesystem::path& folder);

void write_manifest(const std::filesystem::path& folder, const Manifest& manifest);

}  // namespace fer
