#include "data/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/atomic_file.h"
#include "base/digest.h"

namespace fer {
namespace {

constexpr std::int64_t kBytesInMemory = 16 << 20;  // of pictures, about, that a writer gathers
constexpr std::int64_t kMostImageRowsPerChunk = 64, kMostChunksPerWrite = 16;
constexpr std::int64_t kScalarRowsPerChunk = 4096;

Hdf5Handle create_file(const std::filesystem::path& path) {
  const auto access = hdf5_file_access();
  const Hdf5Handle creation(check_hdf5(H5Pcreate(H5P_FILE_CREATE)), H5Pclose);
  check_hdf5(H5Pset_obj_track_times(creation, false));  // of the root group: the same samples, the same bytes
  return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose};
}

Hdf5Handle create_dataset(hid_t file, const char* name, hid_t type, const std::vector<hsize_t>& shape,
                          std::int64_t rows_per_chunk) {
  const Hdf5Handle space(check_hdf5(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr)), H5Sclose);
  const Hdf5Handle creation(check_hdf5(H5Pcreate(H5P_DATASET_CREATE)), H5Pclose);
  auto chunk = shape;
  chunk[0] = std::clamp<hsize_t>(shape[0], 1, static_cast<hsize_t>(rows_per_chunk));
  check_hdf5(H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data()));
  check_hdf5(H5Pset_fletcher32(creation));
  check_hdf5(H5Pset_obj_track_times(creation, false));  // the same samples, the same bytes
  return {H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT), H5Dclose};
}

[[noreturn]] void fail_write(const std::filesystem::path& path) {
  fail(ExitCode::kIo, fmt::format("cannot write the shard '{}': the disk may be full or read-only.", path.string()));
}

Hdf5Handle open_shard(const std::string& path) {
  const auto access = hdf5_file_access();
  Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
  require(file.valid(), ExitCode::kBadInput, fmt::format("shard '{}' is no HDF5 file that can be read.", path));
  return file;
}

[[noreturn]] void fail_read(const std::string& path, const char* name) {
  fail(ExitCode::kBadInput, fmt::format("reading '{}' of shard '{}' failed: the file is damaged.", name, path));
}

/// Opens one dataset of a shard, after checking that it has the shape that the manifest promises.
Hdf5Handle open_dataset(hid_t file, const std::string& path, const char* name, const std::vector<hsize_t>& shape) {
  Hdf5Handle dataset(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose);
  require(dataset.valid(), ExitCode::kBadInput, fmt::format("shard '{}' has no dataset '{}'.", path, name));
  const Hdf5Handle space(check_hdf5(H5Dget_space(dataset)), H5Sclose);
  std::vector<hsize_t> found(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space), 0)));
  H5Sget_simple_extent_dims(space, found.data(), nullptr);
  require(found == shape, ExitCode::kBadInput,
          fmt::format("dataset '{}' of shard '{}' has shape [{}], but dataset.json promises [{}].", name, path,
                      fmt::join(found, ", "), fmt::join(shape, ", ")));
  return dataset;
}

void read_dataset(hid_t file, const std::string& path, const char* name, hid_t type, const std::vector<hsize_t>& shape,
                  void* out) {
  const Hdf5Handle dataset = open_dataset(file, path, name, shape);
  if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0) fail_read(path, name);
}

/// Labels and votes, where the buffers have room for them.
void read_targets(hid_t file, const std::string& path, std::int64_t rows, std::span<std::uint8_t> labels,
                  std::span<std::uint8_t> votes) {
  const auto count = static_cast<hsize_t>(rows);
  if (!labels.empty()) read_dataset(file, path, "labels", H5T_NATIVE_UINT8, {count}, labels.data());
  if (!votes.empty()) read_dataset(file, path, "votes", H5T_NATIVE_UINT8, {count, votes.size() / count}, votes.data());
}

/// As many rows as a writer gathers.
std::int64_t rows_per_write(const ShardShape& shape) {
  const auto rows = image_rows_per_chunk(shape.height, shape.width);
  const auto chunks = kBytesInMemory / (rows * shape.height * shape.width);
  return rows * std::clamp<std::int64_t>(chunks, 1, kMostChunksPerWrite);
}

}  // namespace

std::int64_t image_rows_per_chunk(std::int64_t height, std::int64_t width) {
  return std::clamp<std::int64_t>(kBytesInMemory / (height * width), 1, kMostImageRowsPerChunk);
}

ShardWriter::ShardWriter(std::filesystem::path path, const ShardShape& shape)
    : path_(std::move(path)),
      temporary_(temporary_name(path_)),
      shape_(shape),
      rows_per_write_(rows_per_write(shape)),
      file_(create_file(temporary_.path())),
      images_(create_dataset(file_, "images", H5T_STD_U8LE, extent({shape.height, shape.width}),
                             image_rows_per_chunk(shape.height, shape.width))),
      id_set_(create_dataset(file_, "ids", H5T_STD_I64LE, extent({}), kScalarRowsPerChunk)) {
  if (shape.labelled)
    label_set_.emplace(create_dataset(file_, "labels", H5T_STD_U8LE, extent({}), kScalarRowsPerChunk));
  if (shape.votes > 0)
    vote_set_.emplace(create_dataset(file_, "votes", H5T_STD_U8LE, extent({shape.votes}), kScalarRowsPerChunk));
  if (!file_.valid() || !images_.valid() || !id_set_.valid() || (label_set_ && !label_set_->valid()) ||
      (vote_set_ && !vote_set_->valid()))
    fail_write(path_);
}

/// [rows, ...]
std::vector<hsize_t> ShardWriter::extent(std::initializer_list<std::int64_t> row_shape) const {
  std::vector<hsize_t> shape = {static_cast<hsize_t>(shape_.rows)};
  for (const auto side : row_shape) shape.push_back(static_cast<hsize_t>(side));
  return shape;
}

void ShardWriter::append(const Sample& sample) {
  require(static_cast<std::int64_t>(sample.pixels.size()) == shape_.height * shape_.width, "a sample has another size");
  require(sample.label.has_value() == shape_.labelled, "a sample and its split differ in being labelled");
  require(static_cast<std::int64_t>(sample.votes.size()) == shape_.votes, "a sample and its split differ in votes");
  pixels_.insert(pixels_.end(), sample.pixels.begin(), sample.pixels.end());
  if (sample.label) labels_.push_back(*sample.label);
  votes_.insert(votes_.end(), sample.votes.begin(), sample.votes.end());
  ids_.push_back(sample.id);
  if (std::ssize(ids_) == rows_per_write_) flush();
}

void ShardWriter::flush() {
  if (ids_.empty()) return;
  write_rows(images_, H5T_NATIVE_UINT8, pixels_.data(),
             {static_cast<hsize_t>(shape_.height), static_cast<hsize_t>(shape_.width)});
  if (label_set_) write_rows(*label_set_, H5T_NATIVE_UINT8, labels_.data(), {});
  if (vote_set_) write_rows(*vote_set_, H5T_NATIVE_UINT8, votes_.data(), {static_cast<hsize_t>(shape_.votes)});
  write_rows(id_set_, H5T_NATIVE_INT64, ids_.data(), {});
  written_ += static_cast<std::int64_t>(ids_.size());
  pixels_.clear();
  labels_.clear();
  votes_.clear();
  ids_.clear();
}

void ShardWriter::write_rows(hid_t dataset, hid_t type, const void* rows, const std::vector<hsize_t>& row_shape) {
  std::vector<hsize_t> start(1 + row_shape.size(), 0);
  std::vector<hsize_t> count = {static_cast<hsize_t>(ids_.size())};
  start[0] = static_cast<hsize_t>(written_);
  count.insert(count.end(), row_shape.begin(), row_shape.end());
  const Hdf5Handle file_space(check_hdf5(H5Dget_space(dataset)), H5Sclose);
  const Hdf5Handle memory_space(check_hdf5(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr)),
                                H5Sclose);
  check_hdf5(H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
  if (H5Dwrite(dataset, type, memory_space, file_space, H5P_DEFAULT, rows) < 0) fail_write(path_);
}

bool ShardWriter::drop_unused_rows(hid_t dataset) const {
  const Hdf5Handle space(check_hdf5(H5Dget_space(dataset)), H5Sclose);
  std::vector<hsize_t> shape(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  shape[0] = static_cast<hsize_t>(written_);
  return H5Dset_extent(dataset, shape.data()) >= 0;
}

ShardEntry ShardWriter::finish() {
  flush();
  if (written_ < shape_.rows &&
      !(drop_unused_rows(images_) && drop_unused_rows(id_set_) && (!label_set_ || drop_unused_rows(*label_set_)) &&
        (!vote_set_ || drop_unused_rows(*vote_set_))))
    fail_write(path_);
  // Each close is asked: on a full disk HDF5 reports success for writes, flush and file, and fails one of these.
  const bool closed = images_.close() & (!label_set_ || label_set_->close()) & (!vote_set_ || vote_set_->close()) &
                      id_set_.close() & file_.close();
  if (!closed) fail_write(path_);
  const ShardEntry entry{path_.filename().string(), written_, digest_of_file(temporary_.path()).text()};
  publish_file(temporary_.path(), path_);
  temporary_.release();
  return entry;
}

void check_shard(const std::filesystem::path& folder, const ShardEntry& entry) {
  const auto path = (folder / entry.file).string();
  require(path_exists(path), ExitCode::kBadInput,
          fmt::format("shard '{}' is missing. Copy the whole folder again, or import the data again.", path));
  require(digest_of_file(path).text() == entry.digest, ExitCode::kBadInput,
          fmt::format("shard '{}' is not the file that dataset.json describes: it was cut, changed, or comes from "
                      "another dataset. Copy the whole folder again, or import the data again.",
                      path));
}

void read_shard(const std::filesystem::path& folder, const ShardEntry& entry, std::int64_t height, std::int64_t width,
                const ShardBuffers& buffers) {
  check_shard(folder, entry);
  const auto path = (folder / entry.file).string();
  const Hdf5Handle file = open_shard(path);
  const auto rows = static_cast<hsize_t>(entry.rows);
  read_dataset(file, path, "images", H5T_NATIVE_UINT8,
               {rows, static_cast<hsize_t>(height), static_cast<hsize_t>(width)}, buffers.pixels.data());
  read_targets(file, path, entry.rows, buffers.labels, buffers.votes);
  read_dataset(file, path, "ids", H5T_NATIVE_INT64, {rows}, buffers.ids.data());
}

void read_shard_labels(const std::filesystem::path& folder, const ShardEntry& entry, std::span<std::uint8_t> labels,
                       std::span<std::uint8_t> votes) {
  const auto path = (folder / entry.file).string();
  read_targets(open_shard(path), path, entry.rows, labels, votes);
}

void read_shard_rows(const std::filesystem::path& folder, const ShardEntry& entry, std::int64_t height,
                     std::int64_t width, std::span<const RowPlace> rows, std::uint8_t* pixels) {
  const auto path = (folder / entry.file).string();
  const auto file = open_shard(path);
  const auto dataset =
      open_dataset(file, path, "images",
                   {static_cast<hsize_t>(entry.rows), static_cast<hsize_t>(height), static_cast<hsize_t>(width)});
  const Hdf5Handle file_space(check_hdf5(H5Dget_space(dataset)), H5Sclose);
  const auto picture_bytes = static_cast<std::size_t>(height * width);
  const auto rows_per_chunk = image_rows_per_chunk(height, width);
  std::vector<std::uint8_t> chunk(static_cast<std::size_t>(rows_per_chunk) * picture_bytes);
  for (auto row = rows.begin(); row != rows.end();) {
    const auto chunk_begin = row->row / rows_per_chunk * rows_per_chunk;
    const auto chunk_end = std::min(chunk_begin + rows_per_chunk, entry.rows);
    const std::array<hsize_t, 3> start = {static_cast<hsize_t>(chunk_begin), 0, 0};
    const std::array<hsize_t, 3> count = {static_cast<hsize_t>(chunk_end - chunk_begin), static_cast<hsize_t>(height),
                                          static_cast<hsize_t>(width)};
    const Hdf5Handle memory_space(check_hdf5(H5Screate_simple(3, count.data(), nullptr)), H5Sclose);
    check_hdf5(H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr));
    if (H5Dread(dataset, H5T_NATIVE_UINT8, memory_space, file_space, H5P_DEFAULT, chunk.data()) < 0)
      fail_read(path, "images");
    for (; row != rows.end() && row->row < chunk_end; ++row)
      std::memcpy(pixels + static_cast<std::size_t>(row->place) * picture_bytes,
                  chunk.data() + static_cast<std::size_t>(row->row - chunk_begin) * picture_bytes, picture_bytes);
  }
}

}  // namespace fer
