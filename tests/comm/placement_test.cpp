#include "comm/placement.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace fer {

TEST(DefaultThreads, RanksShareTheCoresOfTheirHost) {
  const MpiCommunicator world(MPI_COMM_WORLD);
  ::unsetenv("OMP_NUM_THREADS");
  const int threads = default_threads(world);
  EXPECT_GE(threads, 1);
  // More than its share only where even one thread each is too many.
  EXPECT_LE(threads, std::max(world.local_cores() / world.local_size(), 1));
  EXPECT_GT((threads + 1) * world.local_size(), world.local_cores());
}

TEST(DefaultThreads, TheUsersVariableWins) {
  const MpiCommunicator world(MPI_COMM_WORLD);
  ::setenv("OMP_NUM_THREADS", "3", 1);
  EXPECT_EQ(default_threads(world), 3);
  ::setenv("OMP_NUM_THREADS", "nonsense", 1);
  EXPECT_EQ(default_threads(world), 1);
}

}  // namespace fer
