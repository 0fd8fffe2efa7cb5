#include "artifacts/run_hold.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace fer {
namespace {

bool is_held(int descriptor) {
  return ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace

RunHold::RunHold(const std::filesystem::path& folder, std::chrono::seconds patience)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  require(descriptor_ >= 0, ExitCode::kIo, fmt::format("cannot open '{}': {}.", folder.string(), std::strerror(errno)));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (bool said = false; is_held(descriptor_); said = true) {
    if (std::chrono::steady_clock::now() >= deadline) {
      ::close(descriptor_);
      fail(ExitCode::kUsage,
           fmt::format("another process is training the run in '{}': wait for its end, or choose another --out.",
                       folder.string()));
    }
    if (!said)
      spdlog::warn("another process is training the run in '{}': waiting up to {} s for its end", folder.string(),
                   patience.count());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

RunHold::~RunHold() {
  ::close(descriptor_);
}

}  // namespace fer
