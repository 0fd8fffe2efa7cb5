#include "base/host_limits.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMebibyte = 1 << 20;

rlim_t soft_limit(int resource) {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  ::getrlimit(resource, &limit);
  return limit.rlim_cur;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) names.push_back(entry.path().filename().string());
  return names;
}

}  // namespace

Finding find_shared_memory(std::int64_t wanted, const fs::path& folder) {
  std::error_code missing;
  const auto space = fs::space(folder, missing);
  if (missing) return {fmt::format("no {}: MPI's messages within a host go through files", folder.string()), ""};
  Finding finding{fmt::format("{} MiB free in {}", space.available / kMebibyte, folder.string()), ""};
  if (space.available < static_cast<std::uintmax_t>(wanted))
    finding.advice = fmt::format(
        "Messages between the ranks of this host may take {} MiB of it: remove vader_segment.* and nccl-*, which jobs "
        "that were killed leave there, or give a container more (docker run --shm-size=1g).",
        wanted / kMebibyte);
  return finding;
}

Finding find_lockable_memory(const fs::path& root) {
  constexpr rlim_t kWanted = 64 * kMebibyte;
  const auto limit = soft_limit(RLIMIT_MEMLOCK);
  const auto adapters = names_in(root / "sys/class/infiniband");
  Finding finding{
      fmt::format("{}, {}", limit == RLIM_INFINITY ? "no limit" : fmt::format("{} KiB (ulimit -l)", limit / 1024),
                  adapters.empty() ? "which matters to InfiniBand alone, and there is none" : join(adapters)),
      ""};
  if (!adapters.empty() && limit < kWanted)
    finding.advice =
        "InfiniBand locks the memory that it sends from: have memlock set to unlimited, in limits.conf for logins and "
        "as LimitMEMLOCK of slurmd for jobs.";
  return finding;
}

Finding find_open_files(std::int64_t wanted) {
  const auto limit = soft_limit(RLIMIT_NOFILE);
  if (limit == RLIM_INFINITY) return {"no limit", ""};
  Finding finding{fmt::format("{} files and connections (ulimit -n)", limit), ""};
  if (limit < static_cast<rlim_t>(wanted))
    finding.advice = fmt::format("A rank of this job may want {0}: ulimit -n {0} ahead of the start.", wanted);
  return finding;
}

Finding find_space(const fs::path& folder, const std::string& recipe, std::int64_t checkpoint_bytes) {
  constexpr std::uintmax_t kWanted = 1024 * kMebibyte;
  std::error_code error;
  const auto space = fs::space(folder, error);
  require(!error, ExitCode::kIo, fmt::format("no word of the space in '{}': {}.", folder.string(), error.message()));
  Finding finding{fmt::format("{} MiB free in '{}', room for {} checkpoints of the recipe {}, {} MiB each",
                              space.available / kMebibyte, folder.string(),
                              space.available / static_cast<std::uintmax_t>(checkpoint_bytes), recipe,
                              (checkpoint_bytes + kMebibyte - 1) / kMebibyte),
                  ""};
  if (space.available < kWanted)
    finding.advice = "The checkpoints of a run take from 60 MiB to 1 GiB, by net: free some, or choose another folder.";
  return finding;
}

Finding find_file_locks(const fs::path& folder, const std::string& hdf5_locking) {
  const RemovedOnExit probe(temporary_name(folder / fmt::format("locks-{}", ::getpid())));
  const int descriptor = ::open(probe.path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  require(descriptor >= 0, ExitCode::kIo,
          fmt::format("cannot make a file in '{}': {}.", folder.string(), std::strerror(errno)));
  const int error = ::flock(descriptor, LOCK_SH | LOCK_NB) == 0 ? 0 : errno;
  ::close(descriptor);
  const auto setting = "HDF5_USE_FILE_LOCKING is " + (hdf5_locking.empty() ? "not set" : hdf5_locking);
  if (error == 0) return {fmt::format("files in '{}' can be locked; {}", folder.string(), setting), ""};
  Finding finding{fmt::format("files in '{}' cannot be locked: {}; {}", folder.string(), std::strerror(error), setting),
                  ""};
  if (hdf5_locking != "FALSE" && hdf5_locking != "0" && hdf5_locking != "BEST_EFFORT")
    finding.advice =
        "These programs do without, but others, as h5py, open HDF5 files there only with "
        "HDF5_USE_FILE_LOCKING=FALSE in their environment.";
  return finding;
}

}  // namespace fer
