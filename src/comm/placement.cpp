#include "comm/placement.h"

#include <ATen/Parallel.h>
#include <torch/cuda.h>

#include <algorithm>
#include <cstdlib>

#include "base/memory.h"
#include "comm/agreement.h"

#ifdef FER_WITH_CUDA
#include "comm/gpu_assignment.h"
#include "comm/nccl_communicator.h"
#endif

namespace fer {
namespace {

torch::Device choose_device(const PlacementConfig& config, MpiCommunicator& host) {
  if (config.device == "cpu") return torch::kCPU;
  const bool gpus = true_everywhere(host, torch::cuda::is_available());
  require_together(gpus || config.device == "auto", ExitCode::kUsage,
                   "--device cuda was asked for, but not every rank sees a GPU, or this build has no CUDA (see "
                   "--version). Leave --device out to train on CPUs.");
#ifdef FER_WITH_CUDA
  if (gpus) return {torch::kCUDA, static_cast<c10::DeviceIndex>(assign_gpu(host, config.ranks_share_gpu))};
#endif
  return torch::kCPU;
}

}  // namespace

int default_threads(const MpiCommunicator& host) {
  if (const char* wanted = std::getenv("OMP_NUM_THREADS")) return std::max(std::atoi(wanted), 1);
  return std::max(host.local_cores() / host.local_size(), 1);
}

std::int64_t free_memory(const torch::Device& device) {
#ifdef FER_WITH_CUDA
  if (device.is_cuda()) return free_gpu_memory();
#endif
  require(device.is_cpu(), "this build knows no other memory than the CPU's");
  return available_memory();
}

Gpu gpu_of([[maybe_unused]] const torch::Device& device) {
#ifdef FER_WITH_CUDA
  if (device.is_cuda()) return gpu_of(static_cast<int>(device.index()));
#endif
  fail("a CPU is no GPU");
}

Placement place_rank(const PlacementConfig& config, MpiCommunicator& host) {
  const auto device = choose_device(config, host);
  require_together(config.backend != "nccl" || device.is_cuda(), ExitCode::kUsage,
                   "--backend nccl carries tensors between GPUs, but this job trains on CPUs.");
  const int threads = config.threads > 0 ? config.threads : default_threads(host);
  at::set_num_threads(threads);
  const bool nccl = device.is_cuda() && config.backend != "mpi";
  return {device, nccl ? "nccl" : "mpi", threads};
}

std::unique_ptr<Communicator> make_device_communicator([[maybe_unused]] const Placement& placement,
                                                       [[maybe_unused]] MpiCommunicator& host) {
#ifdef FER_WITH_CUDA
  if (placement.backend == "nccl") return std::make_unique<NcclCommunicator>(host, placement.device.index());
#endif
  return nullptr;
}

}  // namespace fer
