#pragma once

#include "comm/mpi_communicator.h"
#include "data/dataset.h"

namespace fer {

/// load_split() with one copy per host, to which each of its ranks reads a part of the shards. Collective.
/// @throws AgreedError (kBadInput) naming rank, host and shard, or (kIo) if a host has too little memory.
Split load_host_split(const std::filesystem::path& folder, const Manifest& manifest, const std::string& name,
                      MpiCommunicator& host);

}  // namespace fer
