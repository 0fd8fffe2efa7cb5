#include "data/host_split.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/agreement.h"
#include "data/dataset_writer.h"
#include "data/synthesis.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

/// A dataset of seven shards that all ranks see.
class HostSplitTest : public testing::Test {
 protected:
  HostSplitTest() {
    folder_ = broadcast_text(world_, own_.path().string(), /*root=*/0);
    manifest_ = write_dataset(world_, Synthesis({60, 0, 0, 3}), {folder_ / "d", "d", 7, 1}, [](std::int64_t) {});
  }

  MpiCommunicator world_{MPI_COMM_WORLD};
  TemporaryFolder own_;
  std::filesystem::path folder_;
  Manifest manifest_;
};

}  // namespace

TEST_F(HostSplitTest, IsWhatOneProcessReads) {
  const Split alone = load_split(folder_ / "d", manifest_, "train");
  const Split together = load_host_split(folder_ / "d", manifest_, "train", world_);
  EXPECT_TRUE(together.images.equal(alone.images));
  EXPECT_TRUE(together.labels.equal(alone.labels));
  EXPECT_TRUE(together.ids.equal(alone.ids));
  agree(world_, [] {});  // before rank 0's folder goes
}

TEST_F(HostSplitTest, ADamagedShardEndsItForAll) {
  agree(world_, [&] {
    if (world_.rank() == 0) write_text(folder_ / "d" / "train-00003-of-00007.h5", "no shard");
  });
  try {
    load_host_split(folder_ / "d", manifest_, "train", world_);
    ADD_FAILURE() << "read a damaged shard";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_NE(std::string(error.what()).find("train-00003-of-00007.h5"), std::string::npos) << error.what();
  }
}

}  // namespace fer
