#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace fer {
namespace {

TEST(Threads, RunAtOnce) {
  std::atomic<int> arrived = 0;
  run_on_threads(3, [&](int) {
    ++arrived;
    while (arrived < 3) {  // for ever, if one waited for another's end
    }
  });
  EXPECT_EQ(arrived, 3);
}

TEST(Threads, CoverARangeOnce) {
  for (const int threads : {1, 2, 3, 8})
    for (const std::int64_t count : {0, 1, 2, 7, 64}) {
      std::vector<int> visits(static_cast<std::size_t>(count), 0);
      parallel_for(threads, count, [&](std::int64_t begin, std::int64_t end, int thread) {
        EXPECT_LT(begin, end);
        EXPECT_LT(thread, threads);
        for (auto i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
      });
      EXPECT_EQ(visits, std::vector<int>(static_cast<std::size_t>(count), 1));
    }
}

TEST(Threads, RunInsideOfOthers) {
  std::atomic<int> calls = 0;
  run_on_threads(2, [&](int) { run_on_threads(3, [&](int) { ++calls; }); });
  EXPECT_EQ(calls, 6);
}

TEST(Threads, PassOnTheFirstException) {
  const auto fail_from_one_on = [](int thread) {
    if (thread > 0) throw std::runtime_error(thread == 1 ? "one" : "another");
  };
  try {
    run_on_threads(4, fail_from_one_on);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "one");
  }
}

}  // namespace
}  // namespace fer
