#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "comm/communicator.h"

namespace fer {

struct AllReduceTime {
  std::int64_t bytes = 0;  // that each rank adds
  double seconds = 0;      // of the slowest rank, median
};

/// How long it takes the ranks to add up float32 vectors of several sizes, as gradients are added up: from when all are
/// ready until the slowest can read the sum. Collective; every rank gets the same.
/// @param repeats  of each size, behind three that warm up
std::vector<AllReduceTime> all_reduce_times(Communicator& communicator, const torch::Device& device,
                                            const std::vector<std::int64_t>& sizes_in_bytes, int repeats);

/// Bytes each rank moves a second if all send and receive alike, 2 (N - 1) / N of the vector: what can be held against
/// the speed of the wires (NVIDIA/nccl-tests, doc/PERFORMANCE.md). 10^9 bytes.
double bus_bandwidth(const AllReduceTime& time, int world_size);

/// As CSV: backend,hosts,ranks,bytes,seconds,busbw_gb_per_second, a row per size.
std::string as_csv(const std::vector<AllReduceTime>& times, const std::string& backend, int hosts, int world_size);

}  // namespace fer
