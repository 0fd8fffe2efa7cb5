#include "data/dataset.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "data/synthetic_faces.h"
#include "support/expect_error.h"
#include "support/small_dataset.h"
#include "support/temporary_folder.h"

namespace fer {
namespace fs = std::filesystem;

TEST(Dataset, HoldsWhatWasWritten) {
  const TemporaryFolder folder;
  const auto manifest = write_small_dataset(folder / "d");
  verify_dataset(folder / "d");
  const Split split = load_split(folder / "d", manifest, "train");
  EXPECT_EQ(split.size(), 50);
  for (const std::int64_t row : {0, 16, 17, 49}) {  // on both sides of a shard's edge
    const auto face = draw_face(3, 0, static_cast<std::uint64_t>(row));
    EXPECT_EQ(split.labels[row].item<std::int64_t>(), face.label);
    EXPECT_EQ(std::memcmp(split.images[row].const_data_ptr(), face.pixels.data(), face.pixels.size()), 0);
  }
}

TEST(Dataset, BytesDoNotDependOnThreadsNorContentOnShards) {
  const TemporaryFolder folder;
  const auto one = write_small_dataset(folder / "one", 3, 1);
  const auto two = write_small_dataset(folder / "two", 3, 2);
  const auto many = write_small_dataset(folder / "many", 7, 2);
  EXPECT_EQ(one.digest(), two.digest());
  EXPECT_EQ(one.split("train").content_digest, many.split("train").content_digest);
}

TEST(Dataset, MayBeMoved) {
  const TemporaryFolder folder;
  const auto manifest = write_small_dataset(folder / "before");
  fs::rename(folder / "before", folder / "after");
  EXPECT_EQ(load_split(folder / "after", manifest, "train").size(), 50);
}

TEST(Dataset, IsNotOverwritten) {
  const TemporaryFolder folder;
  write_small_dataset(folder / "d");
  expect_error(ExitCode::kUsage, {"already holds a dataset"}, [&] { write_small_dataset(folder / "d"); });
}

class DamagedShard : public testing::Test {
 protected:
  DamagedShard() : manifest_(write_small_dataset(folder_ / "d")) {}

  fs::path shard() const { return folder_ / "d" / "train-00001-of-00003.h5"; }
  void expect_refused() const {
    expect_error(ExitCode::kBadInput, {"train-00001-of-00003.h5"},
                 [&] { load_split(folder_ / "d", manifest_, "train"); });
  }

  TemporaryFolder folder_;
  Manifest manifest_;
};

TEST_F(DamagedShard, Missing) {
  fs::remove(shard());
  expect_refused();
}

TEST_F(DamagedShard, Cut) {
  fs::resize_file(shard(), fs::file_size(shard()) / 2);
  expect_refused();
}

TEST_F(DamagedShard, FromAnotherDataset) {
  const TemporaryFolder other;
  write_small_dataset(other / "d", 3, 1, /*train=*/51);
  fs::copy_file(other / "d" / "train-00001-of-00003.h5", shard(), fs::copy_options::overwrite_existing);
  expect_refused();
}

TEST_F(DamagedShard, AnyFlippedBit) {
  const auto bytes = read_file(shard());
  for (std::size_t position = 0; position < bytes.size(); position += bytes.size() / 97) {
    auto changed = bytes;
    changed[position] = static_cast<char>(changed[position] ^ 4);
    write_text(shard(), changed);
    expect_refused();
  }
}

}  // namespace fer
