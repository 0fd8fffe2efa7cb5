#pragma once

#include <string>
#include <vector>

#include "base/host_limits.h"
#include "comm/mpi_communicator.h"

namespace fer {

struct HostFinding {
  std::string topic;
  Finding finding;
};

/// What a long run may come to grief over at this rank's host, beside its memory: the network, the clock, room for
/// messages between ranks, limits of the system. Takes no time to speak of. Collective.
/// @param nccl  whether it carries the gradients, which takes more room
std::vector<HostFinding> look_at_host(bool nccl, MpiCommunicator& ranks);

/// @param ahead_seconds  of rank 0's clock
Finding find_clock(double ahead_seconds);

}  // namespace fer
