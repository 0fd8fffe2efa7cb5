#pragma once

#include <string>

namespace fer {

// Versions of the libraries that this program runs with, as for --version; "not built in" where there is none.
std::string mpi_version();
std::string cuda_version();
std::string nccl_version();

}  // namespace fer
