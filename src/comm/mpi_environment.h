#pragma once

#include <mpi.h>

#include <string>

namespace fer {

/// MPI_Init_thread ... MPI_Finalize as one object, made once, in main. Works without a launcher too: one rank.
class MpiEnvironment {
 public:
  /// @throws Error (kUsage) if `srun` started several tasks that MPI sees as so many jobs of one rank.
  MpiEnvironment(int* argc, char*** argv);
  MpiEnvironment(const MpiEnvironment&) = delete;
  MpiEnvironment& operator=(const MpiEnvironment&) = delete;
  /// Finalises. To be reached by all ranks or by none: MPI_Finalize waits for ranks that are still in a collective,
  /// so a rank that failed alone calls abort() instead.
  ~MpiEnvironment();

  /// Ends all ranks of the job at once. Does not return.
  [[noreturn]] static void abort(int exit_code);
};

/// What MPI lets threads do, as "MPI_THREAD_SERIALIZED". For within the environment's life.
std::string mpi_thread_level();

/// The rank that the launcher gave to this process (0 without one), known before MPI starts.
int launcher_rank();

}  // namespace fer
