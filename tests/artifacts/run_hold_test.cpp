#include "artifacts/run_hold.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

using namespace std::chrono_literals;

TEST(RunHold, OneAtATime) {
  const TemporaryFolder folder;
  {
    const RunHold first(folder.path(), 0s);
    expect_error(ExitCode::kUsage, {"another process is training", folder.path().string()},
                 [&] { RunHold second(folder.path(), 0s); });
  }
  EXPECT_NO_THROW(RunHold(folder.path(), 0s));
}

TEST(RunHold, LeavesNoEmptyFolderOfItsOwn) {
  const TemporaryFolder folder;
  for (const bool used : {false, true}) {
    {
      const RunHold hold(folder / "run", 0s);
      if (used) std::filesystem::create_directory(folder / "run" / "log");
    }
    EXPECT_EQ(std::filesystem::exists(folder / "run"), used);
  }
  { const RunHold hold(folder.path(), 0s); }
  EXPECT_TRUE(std::filesystem::exists(folder.path()));
}

TEST(RunHold, WantsAFolder) {
  expect_error(ExitCode::kIo, {"/dev/null/run"}, [] { RunHold hold("/dev/null/run", 0s); });
}

}  // namespace
}  // namespace fer
