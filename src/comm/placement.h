#pragma once

#include <torch/types.h>

#include <memory>
#include <string>

#include "comm/gpu_list.h"
#include "comm/mpi_communicator.h"

namespace fer {

struct PlacementConfig {
  std::string device = "auto";   // auto | cpu | cuda
  std::string backend = "auto";  // auto | mpi | nccl
  int threads = 0;               // per rank; 0: its share of the host's cores
  bool ranks_share_gpu = false;  // for tests on a host of one GPU: right, but slow
};

/// What a rank computes on and what its tensors travel by.
struct Placement {
  torch::Device device;
  std::string backend;  // mpi | nccl
  int threads = 1;
};

/// Decides for all ranks alike: GPUs only where every rank has one of its own. Sets the number of threads. Collective.
/// @throws AgreedError (kUsage) for --device cuda without a GPU, nccl without GPUs, or two ranks on one GPU, unless
/// they may.
Placement place_rank(const PlacementConfig& config, MpiCommunicator& host);

/// The communicator for training, or null where MPI itself, `host`, serves. Collective.
std::unique_ptr<Communicator> make_device_communicator(const Placement& placement, MpiCommunicator& host);

/// Bytes that are free on a device; of a CPU's memory those that this process may still take.
std::int64_t free_memory(const torch::Device& device);

/// What a GPU is. @throws Error (kInternal) for a CPU.
Gpu gpu_of(const torch::Device& device);

/// Cores / ranks on this host, at least 1, counting the cores that launcher and container leave to the ranks.
/// OMP_NUM_THREADS wins.
int default_threads(const MpiCommunicator& host);

}  // namespace fer
