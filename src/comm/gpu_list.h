#pragma once

#include <span>
#include <string>
#include <vector>

namespace fer {

struct Gpu {
  std::string model;  // "NVIDIA H200"
  std::string uuid;   // as nvidia-smi -L tells it
};

/// "GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f"
std::string gpu_uuid(std::span<const char, 16> bytes);

/// The GPUs of a host's ranks: "NVIDIA H200: rank 0 GPU-5c89852c, rank 1 GPU-77aa0e12".
/// @param hosts  of each rank
/// @param gpus   of each rank
std::string list_gpus(const std::string& host, const std::vector<std::string>& hosts, const std::vector<Gpu>& gpus);

}  // namespace fer
