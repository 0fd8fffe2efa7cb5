#include "data/near_duplicate_file.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

const std::vector<std::vector<SampleRef>> kGroups = {{{"test", 0}, {"train", 3}}, {{"train", 5}, {"train", 8}}};

}  // namespace

TEST(NearDuplicateFile, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_near_duplicates(folder.path(), "xxh3:1").has_value());
  write_near_duplicates(folder.path(), "xxh3:1", kGroups);
  EXPECT_EQ(read_near_duplicates(folder.path(), "xxh3:1"), kGroups);
  // That none were found is not the same as that nobody looked.
  write_near_duplicates(folder.path(), "xxh3:1", {});
  EXPECT_TRUE(read_near_duplicates(folder.path(), "xxh3:1").has_value());
}

TEST(NearDuplicateFile, OfAnotherVersionOfTheDatasetIsRefused) {
  const TemporaryFolder folder;
  write_near_duplicates(folder.path(), "xxh3:1", kGroups);
  expect_error(ExitCode::kBadInput, {kNearDuplicateFile, "another version", "fer_dataset inspect --near"},
               [&] { read_near_duplicates(folder.path(), "xxh3:2"); });
}

TEST(NearDuplicateFile, DamagedIsRefused) {
  const TemporaryFolder folder;
  for (const auto* text : {"", "{", "[]", "{\"dataset_digest\": \"xxh3:1\"}",
                           R"({"dataset_digest": "xxh3:1", "groups": [[["train", "first"]]]})"}) {
    write_text(folder / kNearDuplicateFile, text);
    expect_error(ExitCode::kBadInput, {kNearDuplicateFile, "damaged"},
                 [&] { read_near_duplicates(folder.path(), "xxh3:1"); });
  }
}

}  // namespace fer
