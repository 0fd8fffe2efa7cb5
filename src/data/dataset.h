#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>

#include "base/digest.h"
#include "data/manifest.h"

namespace fer {

/// A split held in memory.
struct Split {
  std::string name;
  torch::Tensor images;      // [N, H, W] uint8
  torch::Tensor labels;      // [N] int64 in [0, classes); undefined if the split has none
  torch::Tensor ids;         // [N] int64
  torch::Tensor votes = {};  // [N, classes] uint8, of taggers; undefined if the split has none

  std::int64_t size() const { return images.size(0); }
  bool labelled() const { return labels.defined(); }
};

/// Bytes that the samples of a split take in memory.
std::int64_t split_bytes(const Manifest& manifest, const std::string& name);

/// Reads every `parts`-th shard of a split, from number `part` on, to its place in `memory`, [split_bytes] uint8,
/// checking the shard's digest and every label's range. Not collective.
/// @throws Error (kBadInput) naming the shard.
void read_split(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name,
                const torch::Tensor& memory, int part, int parts);

/// The split in memory to which all its parts were read; images and ids share it.
Split split_in(const Manifest& manifest, const std::string& name, const torch::Tensor& memory);

/// Reads a split whole, checking every shard's digest and every label's range. Not collective.
/// @throws Error (kBadInput) naming the shard.
Split load_split(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name);

/// What the samples of a split shall be taken for.
struct Targets {
  torch::Tensor labels;  // [N] int64
  torch::Tensor votes;   // [N, classes] uint8; undefined if there are none
};

/// Reads a labelled split's targets alone. For pictures that stay on the disk; their shards' digests are checked by
/// `parts` callers together, each taking its part. Not collective.
/// @throws Error (kBadInput) naming the shard.
Targets load_targets(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name, int part,
                     int parts);

/// Digest over a split's (pixels, class name) pairs, whatever their order: two datasets with the same faces agree.
Digest content_digest(const Split& split, const std::vector<std::string>& classes);

/// The content digest of one pair; `class_name` is empty where the label is unknown.
Digest sample_digest(const std::uint8_t* pixels, std::size_t size, const std::string& class_name);

/// Version of the HDF5 library that this program runs with.
std::string hdf5_version();

/// Whether several threads may use it at once. @throws Error (kInternal) if it does not say.
bool hdf5_is_thread_safe();

/// Re-reads every byte of a dataset: shards against their digests, contents against the counts and content digests
/// that dataset.json states. @throws Error (kBadInput) naming what differs.
void verify_dataset(const std::filesystem::path& folder);

}  // namespace fer
