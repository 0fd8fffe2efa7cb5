#include "artifacts/event_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/console.h"
#include "support/event_reader.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return text;
}

/// No file may grow beyond it, as on a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes) {
    survive_lost_outputs();
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit lower{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &lower);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

std::filesystem::path only_file_of(const TemporaryFolder& folder) {
  return std::filesystem::directory_iterator(folder.path())->path();
}

}  // namespace

// Put together by hand from the schemas, field by field; checksums by another implementation.
TEST(EventRecords, AScalarToTheLastByte) {
  EXPECT_EQ(hex(scalar_record({1.5, 7}, "loss", 0.25)),
            "1a00000000000000"    // length of the message, 26
            "129bd82d"            // masked checksum of these bytes
            "09000000000000f83f"  // field 1, wall_time: the double 1.5
            "1007"                // field 2, step: 7
            "2a0d"                // field 5, summary, 13 bytes
            "0a0b"                // its field 1, value, 11 bytes
            "0a046c6f7373"        // its field 1, tag: "loss"
            "150000803e"          // its field 2, simple_value: the float 0.25
            "c9d07b8d");          // masked checksum of the message
}

TEST(EventRecords, ALengthThatNeedsAllItsBytes) {
  const auto record = framed_record(std::string(0x010203, 'x'));
  EXPECT_EQ(hex(record.substr(0, 8)), "0302010000000000");
  EXPECT_EQ(record.size(), 0x010203 + 16U);
}

TEST(EventFile, BeginsWithVersionAndFirstStep) {
  const TemporaryFolder folder;
  EventFile events(folder.path(), 300);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  events.flush();
  const auto messages = events_in(folder.path());
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_TRUE(messages[0].ends_with("brain.Event:2"));
  EXPECT_TRUE(hex(messages[1])
                  .ends_with("10ac02"   // step: 300
                             "3a02"     // field 7, session_log
                             "0801"));  // status: START
}

TEST(EventFile, HoldsWhatWasAddedInItsOrder) {
  const TemporaryFolder folder;
  EventFile events(folder.path(), 1);
  events.add_run_start({{"optimizer", "adam"}, {"lr", 0.001}, {"deterministic", true}}, {"accuracy/validation"});
  events.flush();
  events.add_scalar("loss/train", 1, 0.5);
  events.add_image("faces", 1, {2, 3, 1, "picture"});
  events.add_histogram("weights/bias", 1, {-1, 1, {2, 1}, 0.5, 1.5});
  events.add_run_end(true);
  events.flush();
  const auto messages = events_in(folder.path());
  const std::vector<std::string> parts = {
      "brain.Event:2", "",        "_hparams_/experiment", "_hparams_/session_start_info",
      "loss/train",    "picture", "weights/bias",         "_hparams_/session_end_info"};
  ASSERT_EQ(messages.size(), parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_NE(messages[i].find(parts[i]), std::string::npos) << parts[i];
  EXPECT_NE(messages[2].find("accuracy/validation"), std::string::npos);
  EXPECT_NE(messages[3].find("optimizer"), std::string::npos);
}

TEST(EventFile, WhatFindsNoRoomIsWrittenLater) {
  const TemporaryFolder folder;
  EventFile events(folder.path(), 1);
  events.add_scalar("before", 1, 0.5);
  events.flush();
  const auto path = only_file_of(folder);
  {
    const FileSizeLimit limit(std::filesystem::file_size(path) + 10);
    events.add_scalar("meanwhile", 2, 0.5);
    for (int i = 0; i < 2; ++i) expect_error(ExitCode::kIo, {path.string(), "too large"}, [&] { events.flush(); });
  }
  events.add_scalar("after", 3, 0.5);
  events.flush();
  const auto messages = events_in(folder.path());
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_NE(messages[3].find("meanwhile"), std::string::npos);
  EXPECT_NE(messages[4].find("after"), std::string::npos);
}

TEST(EventFile, ComesBehindOlderOnesEvenOfAClockThatWasAhead) {
  const TemporaryFolder folder;
  const std::string older = "events.out.tfevents.9999999998.there.1.0";
  write_text(folder / older, "");
  EventFile(folder.path(), 1).flush();
  EXPECT_TRUE(std::filesystem::exists(folder / older));
  std::filesystem::remove(folder / older);
  EXPECT_EQ(only_file_of(folder).filename().string().find("events.out.tfevents.9999999999."), 0U);
}

TEST(EventFile, AFolderThatIsNotThereIsAnError) {
  EventFile events("/nowhere", 1);
  expect_error(ExitCode::kIo, {"/nowhere/events.out.tfevents.", "No such file"}, [&] { events.flush(); });
}

}  // namespace fer
