#include "base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {

namespace fs = std::filesystem;

TEST(FolderName, IsTheLastPartHoweverThePathIsWritten) {
  for (const auto* const path : {"runs/mine", "runs/mine/", "/runs/other/../mine", "runs/mine/."})
    EXPECT_EQ(folder_name(path), "mine") << path;
  EXPECT_EQ(folder_name("."), std::filesystem::current_path().filename());
}

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const TemporaryFolder folder;
  {
    AtomicFile abandoned(folder / "a.txt");
    abandoned.write("half");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));

  write_file_atomically(folder / "a.txt", "whole");
  EXPECT_EQ(read_file(folder / "a.txt"), "whole");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);  // no temporary file is left
}

TEST(AtomicFile, KeepsTheOldFileUntilTheNewOneIsWhole) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.txt", "old");
  AtomicFile file(folder / "a.txt");
  file.write("new");
  EXPECT_EQ(read_file(folder / "a.txt"), "old");
  file.commit();
  EXPECT_EQ(read_file(folder / "a.txt"), "new");
}

TEST(AtomicFile, ReplacesNothingButFiles) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const auto& path : {folder / "pipe", std::filesystem::path("/dev/null")}) {
    expect_error(ExitCode::kUsage, {path.string(), "no plain file"}, [&] { write_file_atomically(path, "text"); });
    EXPECT_FALSE(std::filesystem::is_regular_file(path));
  }
}

TEST(AtomicFile, NamesPathAndReason) {
  expect_error(ExitCode::kIo, {"/nowhere", "No such file"}, [] { write_file_atomically("/nowhere/a.txt", "text"); });
  expect_error(ExitCode::kBadInput, {"/nowhere"}, [] { read_file("/nowhere/a.txt"); });
}

TEST(AtomicFile, WhatKilledWritersLeftCanBeRemoved) {
  const TemporaryFolder folder;
  const std::vector<std::string> others = {".hidden", "a.txt", ".a.tmp", ".7.tmp", ".a.b7.tmp", "a.7.tmp", ".a.7.tmp.txt"};
  for (const auto& name : others) write_file_atomically(folder / name, "mine");
  std::ofstream(temporary_name(folder / "a.txt")) << "half";
  remove_temporaries(folder.path());
  EXPECT_FALSE(fs::exists(temporary_name(folder / "a.txt")));
  for (const auto& name : others) EXPECT_TRUE(fs::exists(folder / name)) << name;
  EXPECT_NO_THROW(remove_temporaries(folder / "nowhere"));
}

// /dev/full takes every open and refuses every byte, as a full disk does.
TEST(AtomicFile, AFullDiskIsAnError) {
  const TemporaryFolder folder;
  const auto path = folder / "a.txt";
  fs::create_symlink("/dev/full", temporary_name(path));
  expect_error(ExitCode::kIo, {"No space left", "a.txt"}, [&] { write_file_atomically(path, "text"); });
  EXPECT_FALSE(fs::exists(path));
}

TEST(AtomicFile, ALackOfRoomIsSaidAheadOfTheFirstByte) {
  const TemporaryFolder folder;
  expect_error(ExitCode::kIo, {"room for 1152921504606846976 bytes", "a.txt", "No space left"},
               [&] { AtomicFile(folder / "a.txt", std::size_t{1} << 60); });
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(AtomicFile, OneOfTwoTakesAFreeName) {
  const TemporaryFolder folder;
  EXPECT_TRUE(write_file_if_free(folder / "claimed", "first"));
  EXPECT_FALSE(write_file_if_free(folder / "claimed", "second"));
  EXPECT_EQ(read_file(folder / "claimed"), "first");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);  // nothing temporary is left
}

}  // namespace fer
