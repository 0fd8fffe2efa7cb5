// main() of every test program. Under mpirun all ranks run the same tests; only rank 0 tells of those that pass.
#include <gtest/gtest.h>

#include "comm/mpi_environment.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const fer::MpiEnvironment environment(&argc, &argv);
  if (fer::launcher_rank() != 0) testing::GTEST_FLAG(brief) = true;
  return RUN_ALL_TESTS();
}
