#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

std::atomic<int> rehearsed_error = 0;

[[noreturn]] void fail_io(std::string_view action, const fs::path& path, int error_number) {
  std::string advice;
  if (error_number == ENOSPC || error_number == EDQUOT) advice = " Free some space or choose another --out.";
  if (error_number == EACCES || error_number == EROFS || error_number == EPERM)
    advice = " Choose an --out where this user may write.";
  fail(ExitCode::kIo, fmt::format("cannot {} '{}': {}.{}", action, path.string(), std::strerror(error_number), advice));
}

/// fsync of a file or folder by name; some file systems refuse it on folders, which costs durability, not correctness.
void flush_to_disk(const fs::path& path, bool is_folder) {
  const int descriptor = ::open(path.c_str(), is_folder ? O_RDONLY | O_DIRECTORY : O_RDONLY);
  if (descriptor < 0) fail_io("open", path, errno);
  const int status = ::fsync(descriptor);
  const int error_number = errno;
  ::close(descriptor);
  if (status != 0 && !(is_folder && error_number == EINVAL)) fail_io("flush", path, error_number);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void rename_and_flush(const fs::path& temporary, const fs::path& path) {
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail_io("rename a finished file to", path, errno);
  flush_to_disk(folder_of(path), /*is_folder=*/true);
}

}  // namespace

fs::path temporary_name(const fs::path& path) {
  return folder_of(path) / fmt::format(".{}.{}.tmp", path.filename().string(), ::gettid());
}

AtomicFile::AtomicFile(fs::path path, std::size_t size) : path_(std::move(path)), temporary_(temporary_name(path_)) {
  std::error_code unknown;
  const auto there = fs::status(path_, unknown);
  require(!fs::exists(there) || fs::is_regular_file(there) || fs::is_directory(there), ExitCode::kUsage,
          fmt::format("'{}' is no plain file, and would be replaced by one: choose another name.", path_.string()));
  if (const auto space = fs::space(folder_of(path_), unknown); !unknown && space.capacity > 0 && space.available < size)
    fail_io(fmt::format("find room for {} bytes, where {} are free, for", size, space.available), path_, ENOSPC);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_with_errno("create");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, std::size_t size) {
  auto* position = static_cast<const char*>(bytes);
  for (std::size_t left = size; left > 0;) {
    const ssize_t count = rehearsed_error == 0 ? ::write(descriptor_, position, left) : -1;
    if (rehearsed_error != 0) errno = rehearsed_error;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with_errno(fmt::format("write {} bytes (after {}) of", left, written_));
    position += count;
    left -= static_cast<std::size_t>(count);
    written_ += static_cast<std::size_t>(count);
  }
}

void AtomicFile::flush() {
  if (descriptor_ < 0) return;  // done before
  if (::fsync(descriptor_) != 0) fail_with_errno("flush");
  const int status = ::close(descriptor_);
  descriptor_ = -1;
  if (status != 0) fail_with_errno("close");
}

void AtomicFile::commit() {
  flush();
  rename_and_flush(temporary_, path_);
  temporary_.clear();
}

bool AtomicFile::commit_if_free() {
  flush();
  // A rename that never replaces what is there. NFS has none, but a second name for the file comes to the same.
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) {
    temporary_.clear();
    flush_to_disk(folder_of(path_), /*is_folder=*/true);
    return true;
  }
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS) fail_with_errno("name");
  if (::link(temporary_.c_str(), path_.c_str()) == 0) {
    flush_to_disk(folder_of(path_), /*is_folder=*/true);
    return true;
  }
  if (errno == EEXIST) return false;
  const bool without_links = errno == EPERM || errno == ENOTSUP || errno == ENOSYS;  // exFAT, many FUSE file systems
  if (!without_links) fail_with_errno("name");
  if (path_exists(path_)) return false;  // of two at the same moment both may get here
  rename_and_flush(temporary_, path_);
  temporary_.clear();
  return true;
}

void AtomicFile::fail_with_errno(std::string_view action) const {
  fail_io(action, path_, errno);
}

void fail_writes_with(int error_number) {
  rehearsed_error = error_number;
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

bool write_file_if_free(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  return file.commit_if_free();
}

void publish_file(const fs::path& temporary, const fs::path& path) {
  flush_to_disk(temporary, /*is_folder=*/false);
  rename_and_flush(temporary, path);
}

void remove_temporaries(const fs::path& folder) {
  const auto is_temporary = [](const std::string& name) {
    const auto end = name.rfind(".tmp"), number = name.rfind('.', end - 1) + 1;
    return name.starts_with('.') && end != name.npos && end + 4 == name.size() && number > 1 && number < end &&
           name.find_first_not_of("0123456789", number) == end;
  };
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (is_temporary(entry.path().filename().string())) fs::remove(entry.path(), missing);
}

std::string folder_name(const fs::path& folder) {
  return fs::absolute(folder / "").lexically_normal().parent_path().filename().string();
}

bool path_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  require(stream.good(), ExitCode::kBadInput,
          fmt::format("cannot read '{}': {}.", path.string(), std::strerror(errno)));
  std::error_code error;
  const auto size = fs::file_size(path, error);  // an error for a folder
  std::string text(error ? 0 : size, '\0');
  stream.seekg(0);
  if (!error) stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  require(!error && stream.good(), ExitCode::kBadInput,
          fmt::format("'{}' is no plain file, or reading it failed half-way.", path.string()));
  return text;
}

void make_writable_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail_io("make the folder", folder, error.value());
  const fs::path probe = temporary_name(folder / "probe");
  const int descriptor = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (descriptor < 0) fail_io("write into the folder", folder, errno);
  ::close(descriptor);
  ::unlink(probe.c_str());
}

}  // namespace fer
