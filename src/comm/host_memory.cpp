#include "comm/host_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "base/memory.h"
#include "comm/agreement.h"

namespace fer {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (is_open()) ::close(number_);
  }

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  /// What tells a file from all others of the host.
  std::string identity() const {
    struct stat facts {};
    return ::fstat(number_, &facts) == 0 ? fmt::format("{}:{}", facts.st_dev, facts.st_ino) : "";
  }

 private:
  int number_;
};

/// The kernel would end processes before it refused memory. Not collective.
void require_available(std::int64_t size) {
  constexpr std::int64_t kMebibyte = 1 << 20;
  const auto available = available_memory();
  require(size <= available, ExitCode::kIo,
          fmt::format("{} MiB of memory are needed, but {} are free.", size / kMebibyte + 1, available / kMebibyte));
}

/// A file without a name that lives in memory, with all its pages taken, so that none is missing later; closed where
/// the system does not allow such files.
Descriptor make_memory_file(std::int64_t size) {
  require_available(size);
  Descriptor file(::memfd_create("fer_host_memory", MFD_CLOEXEC));
  if (!file.is_open()) return file;
  int status = 0;
  do {
    status = ::fallocate(file.number(), 0, 0, size);
  } while (status != 0 && errno == EINTR);
  const int error = errno;
  require(status == 0, ExitCode::kIo,
          fmt::format("{} bytes of memory are not to be had: {}.", size, std::strerror(error)));
  return file;
}

torch::Tensor mapped(const Descriptor& file, std::int64_t size) {
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  const int error = errno;
  require(memory != MAP_FAILED, ExitCode::kIo,
          fmt::format("{} bytes of memory cannot be mapped: {}.", size, std::strerror(error)));
  const auto unmap = [size](void* begin) { ::munmap(begin, static_cast<std::size_t>(size)); };
  return torch::from_blob(memory, {size}, unmap, torch::kUInt8);
}

/// The memory file of this rank's host, through its owner, as no other rank has it open; closed where that cannot be
/// reached. Collective.
Descriptor open_memory_file(const Descriptor& own, MpiCommunicator& host) {
  const auto paths = all_gather_text(host, fmt::format("/proc/{}/fd/{}", ::getpid(), own.number()));
  const auto identities = all_gather_text(host, own.identity());
  const auto owner = static_cast<std::size_t>(host.local_root());
  Descriptor file(::open(paths[owner].c_str(), O_RDWR | O_CLOEXEC));
  return file.is_open() && file.identity() == identities[owner] ? std::move(file) : Descriptor();
}

}  // namespace

HostMemory make_host_memory(std::int64_t size, MpiCommunicator& host) {
  if (size == 0) return {torch::empty({0}, torch::kUInt8), true};
  Descriptor own;
  agree(host, [&] {
    if (host.rank() == host.local_root()) own = make_memory_file(size);
  });
  const Descriptor file = open_memory_file(own, host);
  if (!true_everywhere(host, file.is_open())) {
    own = Descriptor();
    return make_own_memory(size, host);
  }
  HostMemory memory{{}, true};
  agree(host, [&] { memory.bytes = mapped(file, size); });
  return memory;
}

HostMemory make_own_memory(std::int64_t size, MpiCommunicator& host) {
  HostMemory memory;
  agree(host, [&] {
    require_available(size * host.local_size());
    memory.bytes = torch::zeros({size}, torch::kUInt8);
  });
  return memory;
}

bool ranks_share_memory(MpiCommunicator& host) {
  return make_host_memory(/*size=*/1, host).shared;
}

}  // namespace fer
