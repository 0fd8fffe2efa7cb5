#include "base/line_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/atomic_file.h"
#include "base/console.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

/// No file may grow beyond so many bytes as long as this lives, as if its disk were full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    survive_lost_outputs();
    ::getrlimit(RLIMIT_FSIZE, &own_);
    const rlimit limit{bytes, own_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &own_); }

 private:
  rlimit own_{};
};

class LineSinkTest : public testing::Test {
 protected:
  void open(const std::filesystem::path& path) {
    sink_ = std::make_shared<LineSink>(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND, 0666), "the log");
    sink_->set_pattern("%v");
    log_ = std::make_unique<spdlog::logger>("test", sink_);
  }
  std::string text() const { return read_file(path_); }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "log.txt";
  std::shared_ptr<LineSink> sink_;
  std::unique_ptr<spdlog::logger> log_;
};

}  // namespace

TEST_F(LineSinkTest, LinesAreThereAtOnce) {
  open(path_);
  log_->info("first");
  EXPECT_EQ(text(), "first\n");
  log_->debug("not asked for");
  log_->info("second");
  EXPECT_EQ(text(), "first\nsecond\n");
  EXPECT_EQ(sink_->lost(), 0);
}

TEST_F(LineSinkTest, WhereThereIsRoomAgainItSaysHowManyAreMissing) {
  open(path_);
  log_->info("first");
  {
    const FullDisk disk(/*bytes=*/10);  // half of the next line
    log_->info("second");
    log_->info("third");
  }
  EXPECT_EQ(text(), "first\nseco");
  log_->info("fourth");
  log_->info("fifth");
  EXPECT_EQ(text(), "first\nseco\nlines missing here: 2 (File too large)\nfourth\nfifth\n");
  EXPECT_EQ(sink_->lost(), 2);
}

TEST_F(LineSinkTest, ALineIsLostWhereOnlyTheNoticeFindsRoom) {
  open(path_);
  {
    const FullDisk disk(/*bytes=*/0);
    log_->info("first");
  }
  const std::string notice = "lines missing here: 1 (File too large)\n";
  {
    const FullDisk disk(notice.size());
    log_->info("second");
  }
  log_->info("third");
  EXPECT_EQ(text(), notice + notice + "third\n");
  EXPECT_EQ(sink_->lost(), 2);
}

TEST_F(LineSinkTest, AFullDiskIsSaidOnce) {
  open("/dev/full");
  testing::internal::CaptureStderr();
  for (int line = 0; line < 100; ++line) EXPECT_NO_THROW(log_->info("line {}", line));
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
  EXPECT_NE(said.find("cannot write to the log: No space left on device"), std::string::npos) << said;
  EXPECT_EQ(sink_->lost(), 100);
}

TEST_F(LineSinkTest, HalfALineOfTheProcessBeforeIsLeftAlone) {
  write_text(path_, "whole\nhal");
  open(path_);
  log_->info("next");
  EXPECT_EQ(text(), "whole\nhal\nnext\n");
}

}  // namespace fer
