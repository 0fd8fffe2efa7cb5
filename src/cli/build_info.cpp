#include "cli/build_info.h"

#include <H5public.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "comm/mpi_environment.h"

#ifdef FER_WITH_CUDA
#include <cuda_runtime_api.h>
#include <nccl.h>
#endif

namespace fer {
namespace {

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
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
std::string cuda_version() { return "not built in"; }
std::string nccl_version() { return "not built in"; }
#endif

}  // namespace

nlohmann::json build_info() {
  return {{"version", FER_VERSION},       {"commit", FER_COMMIT},   {"libtorch", TORCH_VERSION},
          {"cuda", cuda_version()},       {"nccl", nccl_version()}, {"mpi", mpi_library_version()},
          {"hdf5", hdf5_version()},       {"compiler", __VERSION__}};
}

std::string version_text(const std::string& command) {
  const auto info = build_info();
  const auto of = [&](const char* key) { return info.at(key).get<std::string>(); };
  return fmt::format("{} {} ({})\nLibTorch {}\nCUDA     {}\nNCCL     {}\nMPI      {}\nHDF5     {}\n", command,
                     of("version"), of("commit"), of("libtorch"), of("cuda"), of("nccl"), of("mpi"), of("hdf5"));
}

}  // namespace fer
