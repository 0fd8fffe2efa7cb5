#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <source_location>
#include <string>

#include "base/error.h"

namespace fer {

inline void check_cuda(cudaError_t status, std::source_location where = std::source_location::current()) {
  if (status != cudaSuccess) fail(std::string("CUDA failed: ") + cudaGetErrorString(status), where);
}

inline void check_nccl(ncclResult_t status, std::source_location where = std::source_location::current()) {
  if (status == ncclSuccess) return;
  fail(ExitCode::kPeer, std::string("NCCL failed: ") + ncclGetErrorString(status) + ". NCCL_DEBUG=INFO tells more.",
       where);
}

/// For calls on a non-blocking communicator, which may go on in the background.
inline void start_nccl(ncclResult_t status, std::source_location where = std::source_location::current()) {
  if (status != ncclInProgress) check_nccl(status, where);
}

}  // namespace fer
