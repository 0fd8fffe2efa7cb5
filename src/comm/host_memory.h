#pragma once

#include <torch/types.h>

#include "comm/mpi_communicator.h"

namespace fer {

/// Memory for what all ranks of a host read alike.
struct HostMemory {
  torch::Tensor bytes;  // [size] uint8, zeros
  bool shared = false;  // whether the ranks of a host have one copy together, rather than each its own
};

/// Reserves memory that is there once per host. Where ranks of a host may not look into each other's files in /proc, as
/// in containers of their own, each rank of the job gets memory of its own. Goes away with its last user, however that
/// ends: nothing is left in /dev/shm. Ranks that write must write different bytes, and all must have written, which
/// agree() tells, before one reads what another wrote. Collective.
/// @throws AgreedError (kIo) if a host has not that much memory.
HostMemory make_host_memory(std::int64_t size, MpiCommunicator& host);

/// What make_host_memory() gives where nothing can be shared. Collective.
HostMemory make_own_memory(std::int64_t size, MpiCommunicator& host);

/// Whether make_host_memory() will share, which is the same for all of a job. Collective.
bool ranks_share_memory(MpiCommunicator& host);

}  // namespace fer
