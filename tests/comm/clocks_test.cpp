#include "comm/clocks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "comm/mpi_communicator.h"

namespace fer {

TEST(Clocks, RanksOfOneHostHaveOneClock) {
  MpiCommunicator world(MPI_COMM_WORLD);
  // Half of the shortest of eight round trips; ranks that share a core may wait for their turn in each of them.
  EXPECT_LT(std::abs(ahead_of_rank_0(world)), 0.1);
}

}  // namespace fer
