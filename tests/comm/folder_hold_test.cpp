#include "comm/folder_hold.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

using namespace std::chrono_literals;

TEST(FolderHold, OneAtATime) {
  const TemporaryFolder folder;
  {
    const FolderHold first(folder.path(), "is training in", 0s);
    expect_error(ExitCode::kUsage, {"another process is training", folder.path().string()},
                 [&] { FolderHold second(folder.path(), "is training in", 0s); });
  }
  EXPECT_NO_THROW(FolderHold(folder.path(), "is training in", 0s));
}

TEST(FolderHold, LeavesNoEmptyFolderOfItsOwn) {
  const TemporaryFolder folder;
  for (const bool used : {false, true}) {
    {
      const FolderHold hold(folder / "run", "is training in", 0s);
      if (used) std::filesystem::create_directory(folder / "run" / "log");
    }
    EXPECT_EQ(std::filesystem::exists(folder / "run"), used);
  }
  { const FolderHold hold(folder.path(), "is training in", 0s); }
  EXPECT_TRUE(std::filesystem::exists(folder.path()));
}

TEST(FolderHold, WantsAFolder) {
  expect_error(ExitCode::kIo, {"/dev/null/run"}, [] { FolderHold hold("/dev/null/run", "is training in", 0s); });
}

}  // namespace
}  // namespace fer
