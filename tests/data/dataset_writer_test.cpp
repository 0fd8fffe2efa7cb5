#include "data/dataset_writer.h"

#include <gtest/gtest.h>

#include "support/small_dataset.h"
#include "support/temporary_folder.h"

namespace fer {

// Runs under mpirun: ranks that write together leave the bytes that one process leaves.
TEST(DatasetWriter, BytesDoNotDependOnTheNumberOfRanks) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const TemporaryFolder own;
  const auto shared = std::filesystem::path(broadcast_text(world, own.path().string(), 0));
  const Synthesis source({.train = 50, .validation = 10, .test = 0, .seed = 3});
  const auto together = write_dataset(world, source, {shared / "together", "small", 3, 1}, [](std::int64_t) {});
  const auto alone = write_small_dataset(own / "alone");
  EXPECT_EQ(together.digest(), alone.digest());
  EXPECT_TRUE(std::filesystem::exists(shared / "together" / kManifestFile));
  all_gather_text(world, "done");  // before rank 0 removes the folder
}

}  // namespace fer
