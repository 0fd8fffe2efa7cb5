#include "data/export_csv.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "data/import/face_csv.h"
#include "support/expect_error.h"
#include "support/small_dataset.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

std::int64_t export_to(const TemporaryFolder& folder, const ExportConfig& config) {
  return export_csv(folder / "set", folder / "faces.csv", config, [](std::int64_t) {});
}

}  // namespace

TEST(ExportCsv, IsReadBackAsItWas) {
  const TemporaryFolder folder;
  const Manifest manifest = write_small_dataset(folder / "set");
  EXPECT_EQ(export_to(folder, {}), 60);
  const auto source = FaceCsv::from_file(folder / "faces.csv", manifest.classes, 1);
  MpiCommunicator self(MPI_COMM_SELF);
  const Manifest again = write_dataset(self, *source, {folder / "again", "again", 2, 1}, [](std::int64_t) {});
  EXPECT_EQ(again.split("train").content_digest, manifest.split("train").content_digest);
  EXPECT_EQ(again.split("public_test").content_digest, manifest.split("validation").content_digest);
}

TEST(ExportCsv, MakesChangedCopiesOfTheTrainSplitAlone) {
  const TemporaryFolder folder;
  const Manifest manifest = write_small_dataset(folder / "set");
  EXPECT_EQ(export_to(folder, {.augmentation = parse_augmentation("rotate=10"), .copies = 3}), 3 * 50 + 10);
  const auto source = FaceCsv::from_file(folder / "faces.csv", manifest.classes, 1);
  Sample first, second;
  source->read(0, 0, first);
  source->read(0, 50, second);
  EXPECT_EQ(first.label, second.label);
  EXPECT_NE(first.pixels, second.pixels);
  EXPECT_EQ(source->splits().at(1).name, "public_test");
  EXPECT_EQ(source->splits().at(1).rows, 10);
}

TEST(ExportCsv, RefusesWhatAFileCannotSay) {
  const TemporaryFolder folder;
  write_small_dataset(folder / "set");
  expect_error(ExitCode::kUsage, {"mixup"},
               [&] { export_to(folder, {.augmentation = parse_augmentation("mixup=1")}); });
  expect_error(ExitCode::kUsage, {"crop"}, [&] { export_to(folder, {.augmentation = parse_augmentation("crop=40")}); });
  EXPECT_FALSE(path_exists(folder / "faces.csv"));
}

}  // namespace fer
