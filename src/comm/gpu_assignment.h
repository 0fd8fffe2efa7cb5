#pragma once

#include "comm/gpu_list.h"
#include "comm/mpi_communicator.h"

namespace fer {

/// Picks this rank's GPU by its number on the host and makes it current. Collective.
/// @param may_share  several ranks may have one GPU: NCCL is told that each is a host of its own, so that what they say
/// to each other goes through sockets. For tests; NCCL must not have been called before.
/// @return its index among the devices that this process sees.
/// @throws AgreedError (kUsage) naming both ranks if two of them share a GPU and may not: NCCL would refuse, or hang.
int assign_gpu(MpiCommunicator& host, bool may_share);

/// What a card is, whatever CUDA_VISIBLE_DEVICES makes of its number.
Gpu gpu_of(int device);

/// Bytes that are free on this rank's GPU.
std::int64_t free_gpu_memory();

}  // namespace fer
