#include "comm/folder_hold.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "comm/activity.h"

namespace fer {
namespace {

int open_folder(const std::filesystem::path& folder) {
  make_writable_folder(folder);
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(descriptor >= 0, ExitCode::kIo, fmt::format("cannot open '{}': {}.", folder.string(), std::strerror(errno)));
  return descriptor;
}

bool is_held(int descriptor) {
  return ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

/// Another process may have removed the folder that it had made.
bool is_gone(int descriptor, const std::filesystem::path& folder) {
  struct stat opened {
  }, there{};
  return ::fstat(descriptor, &opened) == 0 &&
         (::stat(folder.c_str(), &there) != 0 || opened.st_dev != there.st_dev || opened.st_ino != there.st_ino);
}

}  // namespace

FolderHold::FolderHold(std::filesystem::path folder, const std::string& work, std::chrono::seconds patience)
    : folder_(std::move(folder)), made_(!path_exists(folder_)), descriptor_(open_folder(folder_)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (bool said = false;;) {
    const bool held = is_held(descriptor_);
    if (is_gone(descriptor_, folder_)) {
      ::close(descriptor_);
      descriptor_ = open_folder(folder_);
      continue;
    }
    if (!held) return;
    const bool asked_to_stop = stop_signal() != 0;
    if (asked_to_stop || std::chrono::steady_clock::now() >= deadline) {
      ::close(descriptor_);
      fail(asked_to_stop ? ExitCode::kPreempted : ExitCode::kUsage,
           fmt::format("another process {} '{}': wait for its end, or choose another --out.", work, folder_.string()));
    }
    if (!said)
      spdlog::warn("another process {} '{}': waiting up to {} s for its end", work, folder_.string(), patience.count());
    said = true;
    report_progress();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

FolderHold::~FolderHold() {
  if (made_) ::rmdir(folder_.c_str());  // which only an empty one lets happen
  ::close(descriptor_);
}

}  // namespace fer
