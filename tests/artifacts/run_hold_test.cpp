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

TEST(RunHold, WantsAFolder) {
  const TemporaryFolder folder;
  expect_error(ExitCode::kIo, {"nowhere"}, [&] { RunHold hold(folder / "nowhere", 0s); });
}

}  // namespace
}  // namespace fer
