// Shards that were damaged in thousands of ways. The digest of the file catches them all; behind it stand HDF5's own
// checksums, the checks of shapes and labels, and the digest of the contents, which are tried alone too.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/error.h"
#include "data/dataset.h"
#include "support/small_dataset.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

constexpr int kMutations = 3000;
constexpr std::size_t kHeaderBytes = 512;  // the superblock, and the object headers that follow it

struct Mutation {
  std::string kind;
  std::string bytes;
};

/// Damaged copies of a shard, none of which equals it.
class Mutator {
 public:
  /// @param others  whole shards that may stand in its place
  Mutator(std::string original, std::vector<std::string> others)
      : original_(std::move(original)), others_(std::move(others)) {}

  Mutation next() {
    static const std::vector<std::string> kKinds = {
        "flipped bit", "flipped bit",    "flipped header bit", "header word",  "cut",
        "appended",    "block of zeros", "block moved within", "another shard"};
    Mutation mutation;
    do {
      mutation = {kKinds[below(kKinds.size())], original_};
      damage(mutation);
    } while (mutation.bytes == original_);
    return mutation;
  }

 private:
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

  std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(below(256));
    return bytes;
  }

  void damage(Mutation& mutation) {
    std::string& bytes = mutation.bytes;
    if (mutation.kind == "flipped bit") {
      flip(bytes, bytes.size());
    } else if (mutation.kind == "flipped header bit") {
      flip(bytes, kHeaderBytes);
    } else if (mutation.kind == "header word") {
      const auto word = below(4) == 0 ? std::string(8, below(2) == 0 ? '\0' : '\xFF') : noise(8);
      bytes.replace(below(kHeaderBytes), word.size(), word);
    } else if (mutation.kind == "cut") {
      bytes.resize(below(bytes.size()));
    } else if (mutation.kind == "appended") {
      bytes += noise(1 + below(5000));
    } else if (mutation.kind == "block of zeros") {
      const auto begin = below(bytes.size());
      const auto size = std::min(1 + below(8192), bytes.size() - begin);
      bytes.replace(begin, size, size, '\0');
    } else if (mutation.kind == "block moved within") {
      const auto size = 1 + below(4096);
      bytes.replace(below(bytes.size() - size), size, original_.substr(below(bytes.size() - size), size));
    } else {
      bytes = others_[below(others_.size())];
    }
  }

  void flip(std::string& bytes, std::size_t end) {
    const auto place = below(end);
    bytes[place] = static_cast<char>(bytes[place] ^ (1 << below(8)));
  }

  std::string original_;
  std::vector<std::string> others_;
  std::mt19937_64 random_{20130901};
};

bool equal(const Split& a, const Split& b) {
  return torch::equal(a.images, b.images) && torch::equal(a.labels, b.labels) && torch::equal(a.ids, b.ids);
}

class ShardFuzz : public testing::Test {
 protected:
  ShardFuzz()
      : manifest_(write_small_dataset(folder_ / "d", /*shards=*/3, /*threads=*/1, /*train=*/51)),
        whole_(load_split(folder_ / "d", manifest_, "train")),
        mutator_(read_file(shard()), other_shards()) {}

  fs::path shard() const { return folder_ / "d" / kFile; }

  /// A new file each time: ext4 would write one that was emptied and filled again to the disk at once.
  void replace_shard(const std::string& bytes) const {
    fs::remove(shard());
    write_text(shard(), bytes);
  }

  /// Of the same split, of another split, and of other datasets: of the same shape, and of another.
  std::vector<std::string> other_shards() const {
    MpiCommunicator self(MPI_COMM_SELF);
    const Synthesis source({.train = 51, .validation = 10, .test = 0, .seed = 4});
    write_dataset(self, source, {folder_ / "twin", "twin", 3, 1}, [](std::int64_t) {});
    write_small_dataset(folder_ / "larger", 3, 1, /*train=*/90);
    std::vector<std::string> shards;
    for (const char* name : {"d/train-00000-of-00003.h5", "d/train-00002-of-00003.h5", "d/validation-00001-of-00003.h5",
                             "twin/train-00001-of-00003.h5", "larger/train-00001-of-00003.h5"})
      shards.push_back(read_file(folder_ / name));
    return shards;
  }

  /// The manifest of someone whose shard was damaged before its digest was taken.
  Manifest manifest_of_damaged(const std::string& bytes) const {
    Manifest manifest = manifest_;
    manifest.splits.at("train").shards.at(1).digest = digest_of(bytes.data(), bytes.size()).text();
    return manifest;
  }

  /// Expects an error of bad input that names the shard.
  void expect_refused(const Manifest& manifest, const std::string& kind) {
    try {
      load_split(folder_ / "d", manifest, "train");
      ADD_FAILURE() << kind << ": read as if nothing were wrong";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput) << kind << ": " << error.what();
      EXPECT_NE(std::string(error.what()).find(kFile), std::string::npos) << kind << ": " << error.what();
    }
  }

  std::string read_with(const Manifest& manifest) const;

  static constexpr const char* kFile = "train-00001-of-00003.h5";
  TemporaryFolder folder_;
  Manifest manifest_;
  Split whole_;
  Mutator mutator_;
};

/// How a read ends whose shard passes the file's digest.
std::string ShardFuzz::read_with(const Manifest& manifest) const {
  try {
    const Split split = load_split(folder_ / "d", manifest, "train");
    if (equal(split, whole_)) return "the original was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput) << error.what();
    EXPECT_NE(std::string(error.what()).find(kFile), std::string::npos) << error.what();
    return "refused by the reader";
  }
  std::filesystem::remove(folder_ / "d" / kManifestFile);
  write_manifest(folder_ / "d", manifest);
  try {
    verify_dataset(folder_ / "d");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput) << error.what();
    return "other contents were read, and refused by their digest";
  }
  return "OTHER CONTENTS PASSED UNSEEN";
}

}  // namespace

TEST_F(ShardFuzz, EveryDamagedShardIsRefused) {
  std::map<std::string, int> counts;
  for (int i = 0; i < kMutations; ++i) {
    const Mutation mutation = mutator_.next();
    replace_shard(mutation.bytes);
    expect_refused(manifest_, mutation.kind);
    ++counts[mutation.kind];
  }
  for (const auto& [kind, count] : counts) std::printf("%5d refused: %s\n", count, kind.c_str());
}

TEST_F(ShardFuzz, WhatIsNoFileIsRefused) {
  fs::remove(shard());
  expect_refused(manifest_, "missing");
  fs::create_directory(shard());
  expect_refused(manifest_, "a directory");
  fs::remove(shard());
  fs::create_symlink("nowhere", shard());
  expect_refused(manifest_, "a link to nowhere");
}

TEST_F(ShardFuzz, BehindTheDigestNothingIsReadWrongUnseen) {
  std::map<std::string, int> counts;
  for (int i = 0; i < kMutations; ++i) {
    const Mutation mutation = mutator_.next();
    replace_shard(mutation.bytes);
    const auto outcome = read_with(manifest_of_damaged(mutation.bytes));
    EXPECT_EQ(outcome.find("UNSEEN"), std::string::npos) << "mutation " << i << ", " << mutation.kind;
    ++counts[outcome + ": " + mutation.kind];
  }
  for (const auto& [outcome, count] : counts) std::printf("%5d %s\n", count, outcome.c_str());
}

}  // namespace fer
