#include "train/split_role.h"

#include <gtest/gtest.h>

#include "artifacts/run_record.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

Manifest dataset(const std::string& name) {
  Manifest manifest{name, 48, 48, {"angry", "happy"}, {}, "", {}};
  manifest.splits["public_test"] = {3, true, {1, 2}, {0, 6912}, "xxh3:0", {{"file.h5", 3, "xxh3:" + name}}};
  return manifest;
}

CheckpointInfo trained_on(const Manifest& manifest) {
  CheckpointInfo info;
  info.dataset_digest = manifest.digest();
  return info;
}

void expect_parts(const SplitRole& role, SplitUse use, const std::vector<std::string>& parts) {
  EXPECT_EQ(role.use, use) << role.text;
  for (const auto& part : parts) EXPECT_NE(role.text.find(part), std::string::npos) << role.text;
}

}  // namespace

TEST(SplitRole, OfARunNamesTheSplit) {
  expect_parts(role_in_run("train", "validation"), SplitUse::kTraining, {"trained on 'train'"});
  expect_parts(role_in_run("public_test", "public_test"), SplitUse::kChoosing, {"chosen by 'public_test'", "flatter"});
  expect_parts(role_in_run("private_test", "public_test"), SplitUse::kNone,
               {"'private_test' was not used", "chosen by 'public_test'"});
  expect_parts(role_in_run("test", ""), SplitUse::kNone, {"'test' was not used", "without a validation split"});
}

TEST(SplitRole, OfACheckpointIsKnownByItsRun) {
  const TemporaryFolder folder;
  const auto here = dataset("here"), elsewhere = dataset("elsewhere");
  const auto checkpoint = folder / "checkpoints/best.safetensors";
  expect_parts(role_for_checkpoint(checkpoint, trained_on(here), here, "train"), SplitUse::kTraining, {"'train'"});
  expect_parts(role_for_checkpoint(checkpoint, trained_on(here), here, "public_test"), SplitUse::kUnknown,
               {"unknown", "'public_test'", "outside of its run's folder"});
  const RunRecord record(folder.path(), {{"validation_split", "public_test"}});
  expect_parts(role_for_checkpoint(checkpoint, trained_on(here), here, "public_test"), SplitUse::kChoosing,
               {"flatter"});
  expect_parts(role_for_checkpoint(checkpoint, trained_on(here), here, "private_test"), SplitUse::kNone, {"not used"});
  for (const auto* split : {"train", "public_test"})
    expect_parts(role_for_checkpoint(checkpoint, trained_on(here), elsewhere, split), SplitUse::kUnknown,
                 {"unknown", split, "another dataset"});
}

TEST(SplitRole, OfSeveralNetsIsTheWorst) {
  const auto none = role_in_run("test", "validation"), chosen = role_in_run("test", "test"),
             trained = role_in_run("train", "");
  const SplitRole unknown{SplitUse::kUnknown, "Who knows."};
  EXPECT_EQ(worst_role({none, none}, {"a", "b"}).text, none.text);
  expect_parts(worst_role({none, unknown}, {"a", "b"}), SplitUse::kUnknown, {"Who knows.", "for 'b', one of 2 nets"});
  expect_parts(worst_role({chosen, unknown, none}, {"a", "b", "c"}), SplitUse::kChoosing, {"for 'a', one of 3 nets"});
  expect_parts(worst_role({chosen, trained}, {"a", "b"}), SplitUse::kTraining, {"for 'b', one of 2 nets"});
  expect_error(ExitCode::kInternal, {"role"}, [] { worst_role({}, {}); });
}

}  // namespace fer
