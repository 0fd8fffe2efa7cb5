#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace fer {

/// A file that appears under its name whole or not at all: written beside it under a temporary name, flushed to the
/// disk, renamed, and the rename flushed too. Every status is checked, the one of close() as well, since that is where
/// a full or remote disk may first speak.
/// @throws Error (kIo) naming the path, the bytes wanted and the system's reason.
class AtomicFile {
 public:
  /// @param size  bytes that it will have, for which there must be room; 0: unknown
  explicit AtomicFile(std::filesystem::path path, std::size_t size = 0);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  /// Removes the temporary file if commit() was not reached.
  ~AtomicFile();

  void write(const void* bytes, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Flushes what was written to the disk, which takes its time; commit() is then but a rename.
  void flush();
  /// Publishes what was written under the final name.
  void commit();
  /// The same if the name is free; of several processes that try at once, one succeeds. @return whether this one did.
  bool commit_if_free();

 private:
  [[noreturn]] void fail_with_errno(std::string_view action) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  std::size_t written_ = 0;
};

/// Writes `text` as a whole new file at `path`.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// Writes `text` at `path` unless something is there already. @return whether it was free.
bool write_file_if_free(const std::filesystem::path& path, std::string_view text);

/// Flushes to the disk a file that some library wrote and closed as `temporary`, then renames it to `path`.
void publish_file(const std::filesystem::path& temporary, const std::filesystem::path& path);

/// Removes a file when it goes out of scope, unless it was released.
class RemovedOnExit {
 public:
  explicit RemovedOnExit(std::filesystem::path path) : path_(std::move(path)) {}
  RemovedOnExit(const RemovedOnExit&) = delete;
  RemovedOnExit& operator=(const RemovedOnExit&) = delete;
  ~RemovedOnExit() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  void release() { path_.clear(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// From here on writing an AtomicFile fails as if the system had answered with this number: to rehearse a full disk.
void fail_writes_with(int error_number);

/// The name under which `path` is written until it is whole: hidden, in the same folder, told apart by thread.
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// Removes what writers into `folder` left under temporary names when they were killed. Nobody may be writing there.
void remove_temporaries(const std::filesystem::path& folder);

/// The last part of a folder's path, however it is written: "runs/a/" and, from within it, "." are "a".
std::string folder_name(const std::filesystem::path& folder);

/// Whether something is there; false too where this user may not look, which the attempt to use it will explain.
bool path_exists(const std::filesystem::path& path);

/// Reads a whole file. @throws Error (kBadInput) naming the path.
std::string read_file(const std::filesystem::path& path);

/// Makes `folder` and its parents, and proves that a file can be written there. @throws Error (kIo).
void make_writable_folder(const std::filesystem::path& folder);

}  // namespace fer
