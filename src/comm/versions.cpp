#include "comm/versions.h"

#include <fmt/format.h>
#include <mpi.h>

#ifdef FER_WITH_CUDA
#include <cuda_runtime_api.h>
#include <nccl.h>
#endif

namespace fer {

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);  // allowed before MPI_Init
  const std::string line(text, static_cast<std::size_t>(length));
  return line.substr(0, line.find(','));
}

#ifdef FER_WITH_CUDA
std::string cuda_version() {
  int version = 0;
  cudaRuntimeGetVersion(&version);
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

std::string nccl_version() {
  int version = 0;
  ncclGetVersion(&version);
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}
#else
std::string cuda_version() {
  return "not built in";
}
std::string nccl_version() {
  return "not built in";
}
#endif

}  // namespace fer
