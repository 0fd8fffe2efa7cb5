#include "comm/collective_order.h"

#include <gtest/gtest.h>

#include "comm/mpi_communicator.h"
#include "support/expect_error.h"

namespace fer {

// Run under mpirun.
TEST(CollectiveOrder, TheSameCallsPass) {
  CollectiveOrder order(MPI_COMM_WORLD);
  for (int i = 0; i < 3; ++i) order.require_same("all_reduce", 8 * i);
}

TEST(CollectiveOrder, AnotherCallOrSizeIsNamedOnEveryRank) {
  const MpiCommunicator world(MPI_COMM_WORLD);
  if (world.world_size() == 1) return;
  CollectiveOrder order(MPI_COMM_WORLD);
  const bool odd = world.rank() == 1;
  order.require_same("split", 0);
  expect_error(ExitCode::kPeer, {"rank 0 calls all_reduce of 8 bytes as its collective 2", "rank 1 broadcast of 8"},
               [&] { order.require_same(odd ? "broadcast" : "all_reduce", 8); });
  expect_error(ExitCode::kPeer, {"rank 0 calls all_reduce of 8", "rank 1 all_reduce of 16"},
               [&] { order.require_same("all_reduce", odd ? 16 : 8); });
  order.require_same("all_reduce", 8);
}

}  // namespace fer
