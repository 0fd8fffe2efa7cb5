#pragma once

#include <filesystem>
#include <string>

#include "comm/mpi_communicator.h"
#include "comm/placement.h"

namespace fer {

/// What training does with a folder: a dataset of HDF5 files is written, flushed, read and checked. Collective.
/// @return what to tell of it. @throws AgreedError.
std::string try_folder(const std::filesystem::path& parent, MpiCommunicator& ranks);

/// Adds up a vector as gradients are. Collective. @return what to tell of it. @throws AgreedError.
std::string try_sum(const Placement& placement, MpiCommunicator& ranks);

}  // namespace fer
