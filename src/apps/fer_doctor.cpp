#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "apps/run_app.h"
#include "base/atomic_file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/build_info.h"
#include "cli/doctor_options.h"
#include "comm/all_reduce_times.h"
#include "comm/placement.h"
#include "data/dataset.h"
#include "data/dataset_writer.h"
#include "data/synthesis.h"
#include "model/chain.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

constexpr std::int64_t kMebibyte = 1 << 20;

/// Each host's text, once; where hosts say the same, the text alone. Collective.
std::string by_host(MpiCommunicator& ranks, const std::string& text) {
  const auto hosts = all_gather_text(ranks, host_name());
  const auto texts = all_gather_text(ranks, text);
  std::map<std::string, std::string> found;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) found.emplace(hosts[rank], texts[rank]);
  const std::set<std::string> different(texts.begin(), texts.end());
  if (different.size() == 1) return texts.front();
  std::vector<std::string> lines;
  for (const auto& [host, its] : found) lines.push_back(fmt::format("{}: {}", host, its));
  return join(lines, "\n         ");
}

int count_hosts(MpiCommunicator& ranks) {
  const auto hosts = all_gather_text(ranks, host_name());
  return static_cast<int>(std::set<std::string>(hosts.begin(), hosts.end()).size());
}

std::string describe_ranks(MpiCommunicator& ranks) {
  std::map<std::string, int> counts;
  for (const auto& host : all_gather_text(ranks, host_name())) ++counts[host];
  std::vector<std::string> hosts;
  for (const auto& [host, count] : counts) hosts.push_back(fmt::format("{} on {}", count, host));
  const auto threads = all_gather_text(ranks, std::to_string(default_threads(ranks)));
  return fmt::format("{} ({}), {} thread{} each", ranks.world_size(), join(hosts), threads.front(),
                     threads.front() == "1" ? "" : "s");
}

std::string describe_cores(const MpiCommunicator& ranks) {
  return fmt::format(
      "{} cores, {}", ranks.local_cores(),
      has_chain_kernels() ? "with AVX2 or AVX-512: the fast engine" : "without AVX2: --engine plain alone");
}

/// Interfaces with an IPv4 address, but for the loopback.
std::string describe_network() {
  ifaddrs* all = nullptr;
  require(::getifaddrs(&all) == 0, ExitCode::kInternal, "the system does not tell its network interfaces.");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, ::freeifaddrs);
  std::vector<std::string> names;
  for (const auto* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    char address[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, address, sizeof(address));
    names.push_back(fmt::format("{} {}", each->ifa_name, address));
  }
  return names.empty() ? "no interface but the loopback" : join(names);
}

/// What training does with a folder: a dataset of HDF5 files is written, flushed, read and checked. Collective.
std::string try_folder(const fs::path& parent, MpiCommunicator& ranks) {
  const auto folder = parent / fmt::format("fer_doctor-{}", broadcast_text(ranks, std::to_string(::getpid()), 0));
  const auto start = std::chrono::steady_clock::now();
  agree(ranks, [&] {
    if (ranks.rank() == 0) make_writable_folder(folder);
  });
  try {
    const Synthesis faces({64, 16, 16, 1});
    write_dataset(ranks, faces, {folder / "dataset", "doctor", 2, 1, false}, [](std::int64_t) {});
    agree(ranks, [&] { verify_dataset(folder / "dataset"); });
  } catch (...) {
    if (ranks.rank() == 0) fs::remove_all(folder);
    throw;
  }
  if (ranks.rank() == 0) fs::remove_all(folder);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return fmt::format("'{}' holds HDF5 files, which all ranks read back ({:.2f} s), {} MiB free", parent.string(),
                     seconds, fs::space(parent).available / kMebibyte);
}

/// Collective.
std::string try_sum(const Placement& placement, MpiCommunicator& ranks) {
  const auto device_communicator = make_device_communicator(placement, ranks);
  Communicator& communicator = device_communicator ? *device_communicator : ranks;
  const auto summation = communicator.make_summation(1000, torch::dtype(torch::kFloat32).device(placement.device));
  summation->term().fill_(ranks.rank() + 1);
  summation->start();
  const auto sum = summation->finish().cpu();
  const double n = ranks.world_size();
  agree(ranks, [&] {
    require(sum.eq(n * (n + 1) / 2).all().item<bool>(), ExitCode::kPeer,
            fmt::format("{} adds up the ranks' numbers wrongly.", placement.backend));
  });
  communicator.close();
  if (ranks.world_size() == 1) return "one rank, with nobody to speak to";
  return fmt::format("adds up the numbers of {} ranks {}", ranks.world_size(), summation->way());
}

/// Collective, as each check is. The sum comes last: where ranks do not reach each other the job may end with it.
ExitCode check_all(const DoctorOptions& options, MpiCommunicator& ranks) {
  ExitCode worst = ExitCode::kOk;
  const auto check = [&](const std::string& what, const std::function<std::string()>& look) {
    try {
      spdlog::info("{:<8} {}", what, look());
    } catch (const AgreedError& error) {
      if (ranks.rank() == 0) spdlog::warn("{:<8} NOT IN ORDER: {}", what, error.what());
      if (worst == ExitCode::kOk) worst = error.code();
    }
  };
  const auto build = build_info();
  check("build", [&] {
    const auto text = build.dump();
    require_same(ranks, "the build", text);
    return fmt::format("{} ({}), LibTorch {}, {}, HDF5 {}", build["version"].get<std::string>(),
                       build["commit"].get<std::string>(), build["libtorch"].get<std::string>(),
                       build["mpi"].get<std::string>(), build["hdf5"].get<std::string>());
  });
  check("ranks", [&] { return describe_ranks(ranks); });
  check("cores", [&] { return by_host(ranks, describe_cores(ranks)); });
  check("memory", [&] { return by_host(ranks, fmt::format("{} MiB free", available_memory() / kMebibyte)); });
  check("network", [&] {
    std::string interfaces;
    agree(ranks, [&] { interfaces = describe_network(); });
    return by_host(ranks, interfaces);
  });
  std::optional<Placement> placement;
  check("device", [&] {
    placement.emplace(place_rank({options.device, options.backend, 0}, ranks));
    return by_host(ranks, placement->device.is_cuda() ? fmt::format("{} GPUs", torch::cuda::device_count()) : "CPU");
  });
  check("folder", [&] { return try_folder(options.folder, ranks); });
  if (placement) check(placement->backend, [&] { return try_sum(*placement, ranks); });
  return worst;
}

void time_all_reduce(const DoctorOptions& options, MpiCommunicator& ranks) {
  require_together(ranks.world_size() > 1, ExitCode::kUsage,
                   "--all-reduce wants two ranks or more: mpirun -np 2 fer_doctor --all-reduce.");
  constexpr int kRepeats = 20;
  std::vector<std::int64_t> sizes;
  for (std::int64_t size = kMebibyte / 4; size <= 64 * kMebibyte; size *= 2) sizes.push_back(size);
  const auto placement = place_rank({options.device, options.backend, 0}, ranks);
  const auto device_communicator = make_device_communicator(placement, ranks);
  Communicator& communicator = device_communicator ? *device_communicator : ranks;
  const auto times = all_reduce_times(communicator, placement.device, sizes, kRepeats);
  communicator.close();
  const auto text = as_csv(times, placement.backend, count_hosts(ranks), ranks.world_size());
  agree(ranks, [&] {
    if (ranks.rank() != 0) return;
    if (options.out.empty())
      print_answer(text);
    else
      write_file_atomically(options.out, text);
  });
}

ExitCode doctor(const DoctorOptions& options, MpiCommunicator& ranks) {
  if (!options.all_reduce) return check_all(options, ranks);
  time_all_reduce(options, ranks);
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_doctor", argc, argv, parse_doctor_options, doctor);
}
