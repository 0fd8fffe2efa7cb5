#include "comm/gpu_assignment.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "comm/agreement.h"
#include "comm/check_cuda.h"

namespace fer {
namespace {

/// NCCL refuses two ranks whose host and card are the same (v2.28.9, src/init.cc), and takes the host from here
/// (src/misc/utils.cc). From 2.30 on it has a switch for this.
void look_like_a_host_of_its_own(int rank) {
  const std::vector<std::pair<std::string, std::string>> settings = {{"NCCL_HOSTID", fmt::format("rank-{}", rank)},
                                                                     {"NCCL_NET", "Socket"},
                                                                     {"NCCL_SOCKET_IFNAME", "lo"},
                                                                     {"NCCL_MNNVL_ENABLE", "0"},
                                                                     {"NCCL_MAX_NCHANNELS", "2"},
                                                                     {"NCCL_RAS_ENABLE", "0"},
                                                                     {"NCCL_MULTI_RANK_GPU_ENABLE", "1"}};
  for (const auto& [name, value] : settings) ::setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
}

}  // namespace

int assign_gpu(MpiCommunicator& host, bool may_share) {
  int device = 0;
  std::string identity;
  agree(host, [&] {
    int devices = 0;
    check_cuda(cudaGetDeviceCount(&devices));
    device = host.local_rank() % devices;
    check_cuda(cudaSetDevice(device));
    identity = host_name() + " " + gpu_of(device).uuid;
  });
  if (may_share) {
    look_like_a_host_of_its_own(host.rank());
    return device;
  }
  std::map<std::string, int> owners;
  const auto identities = all_gather_text(host, identity);
  for (int rank = 0; rank < host.world_size(); ++rank) {
    const auto [owner, first] = owners.emplace(identities[static_cast<std::size_t>(rank)], rank);
    require_together(
        first, ExitCode::kUsage,
        fmt::format("ranks {} and {} would share one GPU ({}). Start as many ranks per host as it has GPUs, "
                    "or train on CPUs with --device cpu.",
                    owner->second, rank, owner->first));
  }
  return device;
}

Gpu gpu_of(int device) {
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, device));
  return {properties.name, gpu_uuid(properties.uuid.bytes)};
}

std::int64_t free_gpu_memory() {
  std::size_t free = 0, all = 0;
  check_cuda(cudaMemGetInfo(&free, &all));
  return static_cast<std::int64_t>(free);
}

}  // namespace fer
