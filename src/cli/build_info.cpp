#include "cli/build_info.h"

#include <fmt/format.h>
#include <torch/version.h>

#include "comm/versions.h"
#include "commit.h"
#include "data/dataset.h"

namespace fer {

nlohmann::json build_info() {
  return {{"version", FER_VERSION}, {"commit", FER_COMMIT}, {"libtorch", TORCH_VERSION}, {"cuda", cuda_version()},
          {"nccl", nccl_version()}, {"mpi", mpi_version()}, {"hdf5", hdf5_version()},    {"compiler", __VERSION__}};
}

std::string version_text(const std::string& command) {
  const auto info = build_info();
  const auto of = [&](const char* key) { return info.at(key).get<std::string>(); };
  return fmt::format("{} {} ({})\nLibTorch {}\nCUDA     {}\nNCCL     {}\nMPI      {}\nHDF5     {}\n", command,
                     of("version"), of("commit"), of("libtorch"), of("cuda"), of("nccl"), of("mpi"), of("hdf5"));
}

}  // namespace fer
