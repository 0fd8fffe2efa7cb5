#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "data/hdf5_handle.h"
#include "data/manifest.h"
#include "data/sample.h"

namespace fer {

/// What the samples of a shard are like.
struct ShardShape {
  std::int64_t rows = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool labelled = true;
  std::int64_t votes = 0;  // classes for which samples have votes; 0: there are none
};

/// Writes `<split>-00000-of-00008.h5`: `images` uint8 [N, H, W], `labels` uint8 [N] (absent where unknown), `votes`
/// uint8 [N, classes] (where taggers gave them), `ids` int64 [N]; latest HDF5 format, chunked, Fletcher32. The same
/// samples give the same bytes. The file gets its name only when it is whole.
class ShardWriter {
 public:
  ShardWriter(std::filesystem::path path, const ShardShape& shape);
  /// @throws Error (kIo) naming the file if the disk is full or the write fails.
  void append(const Sample& sample);
  /// Call after `shape.rows` appends, or fewer: the file then has fewer rows.
  ShardEntry finish();

 private:
  std::vector<hsize_t> extent(std::initializer_list<std::int64_t> row_shape) const;
  void flush();
  bool drop_unused_rows(hid_t dataset) const;
  void write_rows(hid_t dataset, hid_t type, const void* rows, const std::vector<hsize_t>& row_shape);

  std::filesystem::path path_;
  RemovedOnExit temporary_;
  ShardShape shape_;
  std::int64_t rows_per_write_;
  std::int64_t written_ = 0;
  std::vector<std::uint8_t> pixels_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::uint8_t> votes_;
  std::vector<std::int64_t> ids_;
  Hdf5Handle file_;
  Hdf5Handle images_;
  Hdf5Handle id_set_;
  std::optional<Hdf5Handle> label_set_;
  std::optional<Hdf5Handle> vote_set_;
};

/// Pictures in a chunk of `images`, which is one read of the disk: about 150 kB at 48x48, and where pictures are large
/// fewer, since HDF5 takes no chunk of 4 GB.
std::int64_t image_rows_per_chunk(std::int64_t height, std::int64_t width);

/// A picture to be read: its row in the shard, and its place among the pictures that are read.
struct RowPlace {
  std::int64_t row = 0;
  std::int64_t place = 0;
};

/// Reads pictures of a shard, each chunk once; the rows are ascending. The file's digest is not checked, but each
/// chunk's checksum is. @param pixels  [places, height, width]
/// @throws Error (kBadInput) naming the file.
void read_shard_rows(const std::filesystem::path& folder, const ShardEntry& entry, std::int64_t height,
                     std::int64_t width, std::span<const RowPlace> rows, std::uint8_t* pixels);

/// Checks the bytes of a shard against its digest. @throws Error (kBadInput) naming the file.
void check_shard(const std::filesystem::path& folder, const ShardEntry& entry);

/// Room for what a shard holds. Labels and votes are empty where it has none.
struct ShardBuffers {
  std::span<std::uint8_t> pixels;  // [N, H, W]
  std::span<std::uint8_t> labels;  // [N]
  std::span<std::uint8_t> votes;   // [N, classes]
  std::span<std::int64_t> ids;     // [N]
};

/// Reads a shard's labels and votes alone. @throws Error (kBadInput) naming the file.
void read_shard_labels(const std::filesystem::path& folder, const ShardEntry& entry, std::span<std::uint8_t> labels,
                       std::span<std::uint8_t> votes);

/// Reads a whole shard into the buffers. The file's digest is checked first, so what is read is what was written.
/// @throws Error (kBadInput) naming the file if it is missing, cut, changed, from another dataset, or of another shape.
void read_shard(const std::filesystem::path& folder, const ShardEntry& entry, std::int64_t height, std::int64_t width,
                const ShardBuffers& buffers);

}  // namespace fer
