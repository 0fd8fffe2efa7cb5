#pragma once

#include "comm/mpi_communicator.h"

namespace fer {

/// Picks this rank's GPU by its number on the host and makes it current. Collective.
/// @return its index among the devices that this process sees.
/// @throws AgreedError (kUsage) naming both ranks if two of them share a GPU: NCCL would refuse, or hang.
int assign_gpu(MpiCommunicator& host);

/// Bytes that are free on this rank's GPU.
std::int64_t free_gpu_memory();

}  // namespace fer
