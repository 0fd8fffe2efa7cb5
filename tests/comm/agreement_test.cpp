#include "comm/agreement.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_communicator.h"
#include "support/expect_error.h"

namespace fer {

TEST(Agreement, OneRanksFailureIsEveryRanksError) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const int failing = world.world_size() - 1;
  const auto named = world.world_size() > 1 ? "rank " + std::to_string(failing) : "no such file";
  expect_error(ExitCode::kBadInput, {named, "no such file"},
               [&] { agree(world, [&] { require(world.rank() != failing, ExitCode::kBadInput, "no such file"); }); });
  agree(world, [] {});  // and the ranks are still in step
}

TEST(Agreement, AFailureOfAllIsSaidWithoutARank) {
  MpiCommunicator world(MPI_COMM_WORLD);
  try {
    agree(world, [] { fail(ExitCode::kUsage, "a bad option"); });
    ADD_FAILURE();
  } catch (const AgreedError& error) {
    EXPECT_STREQ(error.what(), "a bad option");
  }
}

TEST(Agreement, ADifferenceNamesBothValues) {
  MpiCommunicator world(MPI_COMM_WORLD);
  require_same(world, "the seed", "7");
  if (world.world_size() == 1) return;
  expect_error(ExitCode::kPeer, {"the seed", "rank 0 on", "has '7'", "on " + host_name() + " '8'"},
               [&] { require_same(world, "the seed", world.rank() == 0 ? "7" : "8"); });
}

TEST(Agreement, OfManyLinesTheDifferentOneIsNamed) {
  MpiCommunicator world(MPI_COMM_WORLD);
  require_same_lines(world, "the options", "a = 1\nb = 2\n");
  if (world.world_size() == 1) return;
  const int last = world.world_size() - 1;
  expect_error(ExitCode::kPeer, {"the options", "'b = 2'", "'b = 3'", "rank " + std::to_string(last)}, [&] {
    require_same_lines(world, "the options", world.rank() == last ? "a = 1\nb = 3\n" : "a = 1\nb = 2\n");
  });
}

}  // namespace fer
