#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "data/hdf5_handle.h"
#include "data/manifest.h"
#include "data/sample.h"

namespace fer {

/// Writes `<split>-00000-of-00008.h5`: `images` uint8 [N, H, W], `labels` uint8 [N] (absent where unknown), `ids` int64
/// [N]; latest HDF5 format, chunked, Fletcher32. The same samples give the same bytes. The file gets its name only when
/// it is whole.
class ShardWriter {
 public:
  ShardWriter(std::filesystem::path path, std::int64_t rows, std::int64_t height, std::int64_t width, bool labelled);
  /// @throws Error (kIo) naming the file if the disk is full or the write fails.
  void append(const Sample& sample);
  /// Call after `rows` appends.
  ShardEntry finish();

 private:
  void flush();
  void write_rows(hid_t dataset, hid_t type, const void* rows, const std::vector<hsize_t>& row_shape);

  std::filesystem::path path_;
  RemovedOnExit temporary_;
  std::int64_t rows_;
  std::int64_t height_;
  std::int64_t width_;
  std::int64_t written_ = 0;
  std::vector<std::uint8_t> pixels_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::int64_t> ids_;
  Hdf5Handle file_;
  Hdf5Handle images_;
  Hdf5Handle id_set_;
  std::optional<Hdf5Handle> label_set_;
};

/// Reads a whole shard into the buffers, which have room for its rows; `labels` may be empty if the split has none.
/// The file's digest is checked first, so what is read is what was written.
/// @throws Error (kBadInput) naming the file if it is missing, cut, changed, from another dataset, or of another shape.
void read_shard(const std::filesystem::path& folder, const ShardEntry& entry, std::int64_t height, std::int64_t width,
                std::span<std::uint8_t> pixels, std::span<std::uint8_t> labels, std::span<std::int64_t> ids);

}  // namespace fer
