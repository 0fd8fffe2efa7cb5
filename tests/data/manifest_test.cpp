#include "data/manifest.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/atomic_file.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

Manifest small_manifest() {
  Manifest manifest{"small", 48, 48, {"angry", "happy"}, {}, "id,emotion", {}};
  manifest.splits["train"] = {3, true, {1, 2}, {0, 6912}, "xxh3:0", {{"train-00000-of-00001.h5", 3, "xxh3:1"}}};
  manifest.passport = {{{{"train", 0}, {"train", 2}}}, {{"train", 1}}, {"'faces.csv' line 4: a letter."}};
  return manifest;
}

}  // namespace

TEST(Manifest, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  write_manifest(folder.path(), small_manifest());
  const Manifest read = read_manifest(folder.path());
  EXPECT_EQ(read.digest(), small_manifest().digest());
  EXPECT_EQ(read.split("train").class_counts, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(read.submission_header, "id,emotion");
  EXPECT_EQ(read.submission_header_of("test"), "id,emotion");
  EXPECT_EQ(read.submission_header_of("private_test"), "");
  EXPECT_EQ(read.passport.duplicates, small_manifest().passport.duplicates);
  EXPECT_EQ(read.passport.constant, small_manifest().passport.constant);
  EXPECT_EQ(read.passport.skipped, small_manifest().passport.skipped);
}

TEST(Manifest, EveryChangedByteIsNoticed) {
  const TemporaryFolder folder;
  write_manifest(folder.path(), small_manifest());
  const auto text = read_file(folder / kManifestFile);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::isspace(static_cast<unsigned char>(text[i]))) continue;
    auto changed = text;
    changed[i] = text[i] == '1' ? '7' : '1';
    write_text(folder / kManifestFile, changed);
    expect_error(ExitCode::kBadInput, {kManifestFile}, [&] { read_manifest(folder.path()); });
  }
}

TEST(Manifest, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  expect_error(ExitCode::kBadInput, {"fer_dataset synth"}, [&] { read_manifest(folder.path()); });
  expect_error(ExitCode::kBadInput, {"no split 'test'", "train"}, [] { small_manifest().split("test"); });
}

TEST(Manifest, RefusesShardsThatAreNotItsSamples) {
  const TemporaryFolder folder;
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::vector<std::int64_t>> wrong = {{}, {2}, {4}, {5, -2}, {-2, 5}, {kMost, kMost, 5}};
  for (const auto& rows : wrong) {
    auto manifest = small_manifest();
    auto& shards = manifest.splits["train"].shards;
    shards.clear();
    for (const auto count : rows) shards.push_back({"train.h5", count, "xxh3:1"});
    expect_error(ExitCode::kBadInput, {"contradicts itself", "3"}, [&] { write_manifest(folder.path(), manifest); });
  }
}

// As many as a tree of class folders may have.
TEST(Manifest, HasAsManyClassesAsALabelHasValues) {
  const TemporaryFolder folder;
  auto manifest = small_manifest();
  manifest.splits.clear();
  while (manifest.classes.size() < 256) manifest.classes.push_back(std::to_string(manifest.classes.size()));
  write_manifest(folder.path(), manifest);
  EXPECT_EQ(read_manifest(folder.path()).classes, manifest.classes);
  manifest.classes.push_back("one more");
  expect_error(ExitCode::kBadInput, {"256 classes"}, [&] { write_manifest(folder.path(), manifest); });
}

TEST(Manifest, HasANameOfItsOwnForEachClass) {
  const TemporaryFolder folder;
  for (const auto& names : {std::vector<std::string>{"happy", "happy"}, std::vector<std::string>{"happy", ""}}) {
    Manifest manifest = small_manifest();
    manifest.classes = names;
    expect_error(ExitCode::kBadInput, {"class", "name"}, [&] { write_manifest(folder.path(), manifest); });
  }
}

TEST(Manifest, RefusesAShardOutsideTheFolder) {
  const TemporaryFolder folder;
  auto manifest = small_manifest();
  manifest.splits["train"].shards[0].file = "../elsewhere.h5";
  expect_error(ExitCode::kBadInput, {"outside"}, [&] { write_manifest(folder.path(), manifest); });
}

}  // namespace fer
