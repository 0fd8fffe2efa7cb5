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

/// A file without a name that lives in memory, with all its pages taken, so that none is missing later. The kernel
/// would end processes before it refused too many.
Descriptor make_memory_file(std::int64_t size) {
  const auto available = available_memory();
  require(size <= available, ExitCode::kIo,
          fmt::format("{} MiB of memory are needed, but {} are free.", size >> 20, available >> 20));
  Descriptor file(::memfd_create("fer_host_memory", MFD_CLOEXEC));
  require(file.is_open(), ExitCode::kIo, fmt::format("memory cannot be shared: {}.", std::strerror(errno)));
  require(::fallocate(file.number(), 0, 0, size) == 0, ExitCode::kIo,
          fmt::format("{} MiB of memory are not to be had: {}.", size >> 20, std::strerror(errno)));
  return file;
}

torch::Tensor mapped(const Descriptor& file, std::int64_t size) {
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  require(memory != MAP_FAILED, ExitCode::kIo,
          fmt::format("{} MiB of memory cannot be mapped: {}.", size >> 20, std::strerror(errno)));
  const auto unmap = [size](void* begin) { ::munmap(begin, static_cast<std::size_t>(size)); };
  return torch::from_blob(memory, {size}, unmap, torch::kUInt8);
}

/// Whether every rank says yes. Collective.
bool all_say(bool yes, MpiCommunicator& host) {
  auto answer = torch::tensor({static_cast<std::int64_t>(yes)});
  host.all_reduce(answer, ReduceOp::kMin);
  return answer.item<std::int64_t>() == 1;
}

}  // namespace

HostMemory make_host_memory(std::int64_t size, MpiCommunicator& host) {
  if (size == 0) return {torch::empty({0}, torch::kUInt8), true};
  const bool leads = host.rank() == host.local_root();
  Descriptor file;
  agree(host, [&] {
    if (leads) file = make_memory_file(size);
  });
  // The file is reached by way of its owner, as no other rank has it open.
  const auto owners = all_gather_text(host, fmt::format("/proc/{}/fd/{}", ::getpid(), file.number()));
  const auto identities = all_gather_text(host, file.identity());
  const auto owner = static_cast<std::size_t>(host.local_root());
  Descriptor own_view;
  if (!leads) own_view = Descriptor(::open(owners[owner].c_str(), O_RDWR | O_CLOEXEC));
  const Descriptor& view = leads ? file : own_view;
  const bool shared = all_say(view.is_open() && view.identity() == identities[owner], host);
  HostMemory memory{{}, shared};
  agree(host, [&] { memory.bytes = shared ? mapped(view, size) : torch::zeros({size}, torch::kUInt8); });
  return memory;
}

}  // namespace fer
