#include "base/console.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/line_sink.h"
#include "support/expect_error.h"

namespace fer {
namespace {

/// Standard output goes elsewhere as long as this lives.
class OtherOutput {
 public:
  explicit OtherOutput(int descriptor) { ::dup2(descriptor, STDOUT_FILENO); }
  OtherOutput(const OtherOutput&) = delete;
  OtherOutput& operator=(const OtherOutput&) = delete;
  ~OtherOutput() {
    ::dup2(own_, STDOUT_FILENO);
    ::close(own_);
  }

 private:
  int own_ = ::dup(STDOUT_FILENO);
};

}  // namespace

TEST(Console, AnAnswerThatFindsNoRoomIsAnError) {
  const int full = ::open("/dev/full", O_WRONLY);
  {
    const OtherOutput output(full);
    expect_error(ExitCode::kIo, {"standard output", "0 of 6 bytes", "No space left"}, [] { print_answer("answer"); });
  }
  ::close(full);
}

TEST(Console, AReaderThatHasGoneWantsNoMore) {
  survive_lost_outputs();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  EXPECT_EQ(write_to(ends[1], "text").error, EPIPE);
  {
    const OtherOutput output(ends[1]);
    EXPECT_NO_THROW(print_answer("answer"));
  }
  ::close(ends[1]);
}

TEST(Console, ALiveLineGivesWayToPlainOnes) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  {
    const OtherOutput output(ends[1]);
    LineSink sink(STDOUT_FILENO, "standard output");
    sink.set_pattern("%v");
    const auto log = [&](const char* text) { sink.log({"test", spdlog::level::info, text}); };
    log("ahead");
    draw_live_line("41%");
    draw_live_line("42%");
    log("one");
    log("two");
    draw_live_line("43%");
    wipe_live_line();
    wipe_live_line();
  }
  ::close(ends[1]);
  std::array<char, 200> shown{};
  const auto bytes = ::read(ends[0], shown.data(), shown.size());
  ::close(ends[0]);
  EXPECT_EQ(std::string(shown.data(), static_cast<std::size_t>(std::max<ssize_t>(bytes, 0))),
            "ahead\n\r41%\033[K\r42%\033[K\r\033[Kone\ntwo\n\r43%\033[K\r\033[K");
}

TEST(Console, AClosedInputDoesNotBecomeTheNextFile) {
  const int own = ::dup(STDIN_FILENO);
  ::close(STDIN_FILENO);
  survive_lost_outputs();
  const int next = ::open("/dev/null", O_RDONLY);
  EXPECT_GT(next, STDERR_FILENO);
  char byte = 0;
  EXPECT_EQ(::read(STDIN_FILENO, &byte, 1), -1);
  ::close(next);
  ::dup2(own, STDIN_FILENO);
  ::close(own);
}

}  // namespace fer
