#include "comm/mpi_environment.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

#include "base/error.h"
#include "comm/check.h"
#include "comm/core_set.h"

namespace fer {
namespace {

int environment_number(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

/// Ranks that share cores must yield while they wait, or the waiting ones starve the working one.
void yield_when_cores_are_shared() {
  const int local_size = environment_number("OMPI_COMM_WORLD_LOCAL_SIZE", 1);
  if (local_size > count(allowed_cores())) ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", /*overwrite=*/0);
}

/// Without a launcher there is nobody to talk to, and no need to look for fast networks: saves 0.2 s of a start of 0.56
/// s. (ess_singleton_isolated would save another 0.1 s, but two such processes trip over one session folder.)
void start_alone_quickly() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (std::getenv(name) != nullptr) return;
  ::setenv("OMPI_MCA_pml", "ob1", /*overwrite=*/0);
}

void refuse_split_slurm_step() {
  const int tasks = environment_number("SLURM_STEP_NUM_TASKS", 1);
  int world_size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &world_size);
  if (tasks > 1 && world_size == 1 && std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) {
    MPI_Finalize();
    fail(ExitCode::kUsage, fmt::format("srun started {} tasks, but MPI sees each of them as a job of its own. "
                                       "Start with `srun --mpi=pmix`, or with mpirun inside the allocation.",
                                       tasks));
  }
}

}  // namespace

MpiEnvironment::MpiEnvironment(int* argc, char*** argv) {
  yield_when_cores_are_shared();
  start_alone_quickly();
  int granted = MPI_THREAD_SINGLE;
  // Ranks compute on threads, but one thread at a time talks to MPI.
  check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &granted));
  if (granted < MPI_THREAD_SERIALIZED) fail("this MPI library does not allow calls from changing threads");
  refuse_split_slurm_step();
}

MpiEnvironment::~MpiEnvironment() {
  if (const int status = MPI_Finalize(); status != MPI_SUCCESS) spdlog::warn("MPI_Finalize returned {}", status);
}

void MpiEnvironment::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

std::string mpi_thread_level() {
  int granted = MPI_THREAD_SINGLE;
  check_mpi(MPI_Query_thread(&granted));
  switch (granted) {
    case MPI_THREAD_SINGLE:
      return "MPI_THREAD_SINGLE";
    case MPI_THREAD_FUNNELED:
      return "MPI_THREAD_FUNNELED";
    case MPI_THREAD_SERIALIZED:
      return "MPI_THREAD_SERIALIZED";
    default:
      return "MPI_THREAD_MULTIPLE";
  }
}

int launcher_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (std::getenv(name) != nullptr) return environment_number(name, 0);
  return 0;
}

}  // namespace fer
