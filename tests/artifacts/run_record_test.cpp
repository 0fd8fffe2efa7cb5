#include "artifacts/run_record.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "support/expect_error.h"
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

TEST(RunRecord, WhatGoesOnSaysNothingOfItsFormerEnd) {
  const TemporaryFolder folder;
  RunRecord(folder.path(), {{"lost_log_lines", 2}, {"test", {{"accuracy", 0.5}}}});
  mark_failed(folder.path(), "rank 1 is silent", ExitCode::kPeer, {{"watchdog", {{"missing", {1}}}}, {"alone", true}});
  const RunRecord record(folder.path(), {{"seed", 7}}, {{"behind_epoch", 3}, {"at", "today"}});
  const auto read = read_run_record(folder.path());
  for (const auto* const of_its_end : {"ended", "watchdog", "alone", "test"}) EXPECT_FALSE(read.contains(of_its_end));
  EXPECT_EQ(read["resumed"][0]["at"], "today");
  EXPECT_EQ(record.number("lost_log_lines"), 2);
  EXPECT_EQ(record.number("none"), 0);
}

TEST(RunRecord, AFolderHoldsOneRun) {
  const TemporaryFolder folder;
  const RunRecord first(folder.path(), {});
  expect_error(ExitCode::kUsage, {"already holds a run"}, [&] { RunRecord second(folder.path(), {}); });
}

TEST(RunRecord, AnotherProcessMayMarkItFailedOnce) {
  const TemporaryFolder folder;
  const auto read = [&] { return nlohmann::json::parse(read_file(folder / kRunRecordFile)); };
  const RunRecord record(folder.path(), {{"seed", 7}});
  mark_failed(folder.path(), "rank 1: out of memory", ExitCode::kInternal);
  mark_failed(folder.path(), "rank 2: lost rank 1", ExitCode::kPeer);
  EXPECT_EQ(read()["state"], "failed");
  EXPECT_EQ(read()["exit_code"], 70);
  EXPECT_EQ(read()["why"], "rank 1: out of memory");
  EXPECT_EQ(read()["seed"], 7);
}

// A watchdog's thread ends it while another still writes.
TEST(RunRecord, IsNotRevivedByTheOneThatKeepsIt) {
  const TemporaryFolder folder;
  RunRecord record(folder.path(), {});
  mark_failed(folder.path(), "rank 1 is silent", ExitCode::kPeer);
  record.set("saved_step", 9);
  EXPECT_EQ(nlohmann::json::parse(read_file(folder / kRunRecordFile))["state"], "failed");
}

}  // namespace fer
