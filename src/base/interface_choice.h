#pragma once

#include <string>
#include <vector>

#include "base/network_interfaces.h"

namespace fer {

// Names of the interfaces that libraries take for messages by TCP. Lists of Open MPI hold names and networks, as in
// "eth0,10.1.0.0/16"; a network that no interface is in counts as not given. An empty list is none.

/// By Open MPI 4.1 (btl_tcp): all, but for the loopback or those that begin with an excluded name; none if an included
/// name is missing or both lists are given.
std::vector<std::string> mpi_interfaces(const std::vector<NetworkInterface>& all, const std::string& include,
                                        const std::string& exclude);

/// By its mpirun and daemons (oob_tcp): all, but for those that are excluded; without a list but for the loopback,
/// unless there is nothing else.
std::vector<std::string> mpirun_interfaces(const std::vector<NetworkInterface>& all, const std::string& include,
                                           const std::string& exclude);

/// By NCCL 2.28: what begins with a name of the list; behind ^ all others, behind = and ^= by whole names. Without a
/// list InfiniBand's, else all but the loopback and bridges that it knows, else those.
std::vector<std::string> nccl_interfaces(const std::vector<NetworkInterface>& all, const std::string& list);

}  // namespace fer
