#include "comm/host_findings.h"

#include <fmt/format.h>

#include <cmath>

#include "base/network_finding.h"
#include "comm/clocks.h"

namespace fer {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

/// Open MPI makes a file of 4 MiB for each rank, NCCL some of 10 MiB for each pair of neighbours.
std::int64_t shared_memory_of(bool nccl, int ranks_of_host) {
  return ranks_of_host * (nccl ? 64 : 8) * kMebibyte;
}

/// Libraries and data, and two connections to each rank.
std::int64_t open_files_of(int world_size) {
  return 256 + 2 * static_cast<std::int64_t>(world_size);
}

}  // namespace

Finding find_clock(double ahead_seconds) {
  constexpr double kNoticed = 0.1, kTooFar = 1;
  const auto apart = std::abs(ahead_seconds);
  if (apart < kNoticed) return {"within 0.1 s of rank 0's", ""};
  Finding finding{fmt::format("{:.1f} s {} rank 0's", apart, ahead_seconds > 0 ? "ahead of" : "behind"), ""};
  if (apart > kTooFar)
    finding.advice = "Times in logs and of files will not tell what came first: have chrony or ntpd set it.";
  return finding;
}

std::vector<HostFinding> look_at_host(bool nccl, MpiCommunicator& ranks) {
  const bool one_host = ranks.local_size() == ranks.world_size();
  return {{"network", find_network(network_interfaces(), network_settings(), nccl, !one_host)},
          {"clocks", find_clock(one_host ? 0 : ahead_of_rank_0(ranks))},
          {"shm", find_shared_memory(shared_memory_of(nccl, ranks.local_size()))},
          {"memlock", find_lockable_memory()},
          {"nofile", find_open_files(open_files_of(ranks.world_size()))}};
}

}  // namespace fer
