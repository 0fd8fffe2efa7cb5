#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "apps/doctor_report.h"
#include "apps/doctor_trials.h"
#include "apps/run_app.h"
#include "base/atomic_file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/build_info.h"
#include "cli/doctor_options.h"
#include "comm/all_reduce_times.h"
#include "comm/host_findings.h"
#include "comm/mpi_environment.h"
#include "comm/placement.h"
#include "data/dataset.h"
#include "model/chain.h"
#include "model/model.h"

namespace {

using namespace fer;

constexpr std::int64_t kMebibyte = 1 << 20;

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

std::string describe_threads() {
  return fmt::format("MPI grants {}, {}", mpi_thread_level(),
                     hdf5_is_thread_safe() ? "HDF5 is thread-safe: each thread of a rank writes a file"
                                           : "HDF5 is not thread-safe: a rank writes one file after the other");
}

/// Collective.
std::string describe_device(const torch::Device& device, MpiCommunicator& ranks) {
  if (device.is_cpu()) return "CPU";
  Gpu gpu;
  agree(ranks, [&] { gpu = gpu_of(device); });
  const auto hosts = all_gather_text(ranks, host_name());
  const auto models = all_gather_text(ranks, gpu.model), uuids = all_gather_text(ranks, gpu.uuid);
  std::vector<Gpu> gpus;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) gpus.push_back({models[rank], uuids[rank]});
  return by_host(ranks, fmt::format("{} of {} GPUs, {}", ranks.local_size(), torch::cuda::device_count(),
                                    list_gpus(host_name(), hosts, gpus)));
}

/// What a run of the recipe default writes: weights, and Adam's two means of each.
std::int64_t default_checkpoint_bytes() {
  return 3 * static_cast<std::int64_t>(sizeof(float)) * parameter_count(*make_model({}));
}

/// Collective. The sum comes last: where ranks do not reach each other the job may end with it.
ExitCode check_all(const DoctorOptions& options, MpiCommunicator& ranks) {
  DoctorReport report(ranks);
  const char* hdf5_locking = std::getenv("HDF5_USE_FILE_LOCKING");  // which the first shard sets
  const std::string locking = hdf5_locking == nullptr ? "" : hdf5_locking;
  const auto build = build_info();
  report.check("build", [&] {
    const auto text = build.dump();
    require_same(ranks, "the build", text);
    return fmt::format("{} ({}), LibTorch {}, {}, HDF5 {}", build["version"].get<std::string>(),
                       build["commit"].get<std::string>(), build["libtorch"].get<std::string>(),
                       build["mpi"].get<std::string>(), build["hdf5"].get<std::string>());
  });
  report.check("ranks", [&] { return describe_ranks(ranks); });
  report.check("threads", [&] { return by_host(ranks, describe_threads()); });
  report.check("cores", [&] { return by_host(ranks, describe_cores(ranks)); });
  report.check("memory", [&] { return by_host(ranks, fmt::format("{} MiB free", available_memory() / kMebibyte)); });
  std::optional<Placement> placement;
  report.check("device", [&] {
    placement.emplace(place_rank({options.device, options.backend, 0}, ranks));
    return describe_device(placement->device, ranks);
  });
  for (const auto& [topic, finding] : look_at_host(placement && placement->backend == "nccl", ranks))
    report.tell(topic, [&] { return finding; });
  if (report.check("folder", [&] { return try_folder(options.folder, ranks); })) {
    report.tell("space", [&] { return find_space(options.folder, "default", default_checkpoint_bytes()); });
    report.tell("locks", [&] { return find_file_locks(options.folder, locking); });
  }
  if (placement) report.check(placement->backend, [&] { return try_sum(*placement, ranks); });
  return report.worst();
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
