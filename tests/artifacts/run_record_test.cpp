#include "artifacts/run_record.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "support/temporary_folder.h"

namespace fer {

TEST(RunRecord, SaysRunningUntilItEnds) {
  const TemporaryFolder folder;
  const auto read = [&] { return nlohmann::json::parse(read_file(folder / kRunRecordFile)); };
  RunRecord record(folder.path(), {{"seed", 7}});
  EXPECT_EQ(read()["state"], "running");
  EXPECT_TRUE(read()["exit_code"].is_null());
  record.set("epochs_done", 3);
  record.end("failed", "the disk is full", ExitCode::kIo);
  EXPECT_EQ(read()["state"], "failed");
  EXPECT_EQ(read()["exit_code"], 74);
  EXPECT_EQ(read()["seed"], 7);
  EXPECT_EQ(read()["epochs_done"], 3);
}

}  // namespace fer
