#pragma once

#include <string>
#include <vector>

#include "base/host_limits.h"
#include "base/network_interfaces.h"

namespace fer {

/// What the environment says of the interfaces that MPI's messages, mpirun and NCCL shall take; empty: nothing. What
/// Open MPI and NCCL read in files of their own is not known here.
struct NetworkSettings {
  std::string mpi_include = "", mpi_exclude = "";
  std::string mpirun_include = "", mpirun_exclude = "";
  std::string nccl = "";
};

NetworkSettings network_settings();

/// Tells a host's interfaces, and which of them are taken for messages by TCP. Advises where a setting leaves none, and
/// on several hosts where some are taken that reach no other host: the loopback, bridges to containers.
/// @param nccl  whether it carries gradients
Finding find_network(const std::vector<NetworkInterface>& all, const NetworkSettings& settings, bool nccl,
                     bool several_hosts);

}  // namespace fer
