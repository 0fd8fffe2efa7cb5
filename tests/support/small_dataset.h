#pragma once

#include "comm/mpi_communicator.h"
#include "data/dataset_writer.h"
#include "data/synthesis.h"

namespace fer {

/// Writes a dataset of drawn faces from this process alone.
inline Manifest write_small_dataset(const std::filesystem::path& out, std::int64_t shards = 3, int threads = 1,
                                    std::int64_t train = 50) {
  MpiCommunicator self(MPI_COMM_SELF);
  const Synthesis source({.train = train, .validation = 10, .test = 0, .seed = 3});
  return write_dataset(self, source, {out, "small", shards, threads}, [](std::int64_t) {});
}

}  // namespace fer
