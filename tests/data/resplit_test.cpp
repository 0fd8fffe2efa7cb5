#include "data/resplit.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "data/near_duplicate_file.h"
#include "support/expect_error.h"
#include "support/small_dataset.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

class ResplitTest : public testing::Test {
 protected:
  ResplitTest() : manifest_(write_small_dataset(folder_ / "set", 2, 1, /*train=*/490)) {}

  /// The old rows of each new split.
  static std::vector<std::vector<std::int64_t>> rows_of(const Resplit& resplit) {
    std::vector<std::vector<std::int64_t>> rows;
    Sample sample;
    for (std::size_t split = 0; split < resplit.splits().size(); ++split) {
      rows.emplace_back();
      for (std::int64_t row = 0; row < resplit.splits()[split].rows; ++row) {
        resplit.read(split, row, sample);
        rows.back().push_back(sample.id);
      }
    }
    return rows;
  }

  TemporaryFolder folder_;
  Manifest manifest_;  // train 490, validation 10
};

/// A split with labels, and one without that has ids of its own.
class Competition final : public SampleSource {
 public:
  Competition(const std::string& answered, const std::string& open)
      : splits_{{answered, 40, true, false}, {open, 6, false, false}} {}
  std::int64_t height() const override { return 2; }
  std::int64_t width() const override { return 2; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<SplitShape>& splits() const override { return splits_; }
  std::string submission_header() const override { return "id,emotion"; }
  void read(std::size_t split, std::int64_t row, Sample& sample) const override {
    const auto level = static_cast<std::uint8_t>(row + (split == 1 ? 100 : 0));
    sample = {{level, level, level, level}, std::nullopt, row, {}};
    if (split == 0) sample.label = static_cast<std::uint8_t>(row % 2);
    if (split == 1) sample.id = 50 - row;
  }

 private:
  std::vector<std::string> classes_ = {"angry", "happy"};
  std::vector<SplitShape> splits_;
};

}  // namespace

TEST_F(ResplitTest, EverySampleOnceInTheSharesOfEachClass) {
  const Resplit resplit(folder_ / "set", {.fractions = {80, 10, 10}});
  EXPECT_EQ(resplit.splits()[1].name, "validation");
  std::set<std::int64_t> seen;
  for (const auto& rows : rows_of(resplit)) seen.insert(rows.begin(), rows.end());
  EXPECT_EQ(seen.size(), 500U);
  std::map<int, std::vector<int>> counts;
  Sample sample;
  for (std::size_t split = 0; split < 3; ++split)
    for (std::int64_t row = 0; row < resplit.splits()[split].rows; ++row) {
      resplit.read(split, row, sample);
      counts[*sample.label].resize(3);
      ++counts[*sample.label][split];
    }
  for (const auto& [label, count] : counts) {
    const double all = count[0] + count[1] + count[2];
    EXPECT_NEAR(count[0], 0.8 * all, 1.5) << label;
    EXPECT_NEAR(count[2], 0.1 * all, 1.5) << label;
  }
}

TEST_F(ResplitTest, ATestWithoutLabelsStaysWithItsSubmission) {
  MpiCommunicator self(MPI_COMM_SELF);
  const auto folder = folder_ / "competition";
  write_dataset(self, Competition("train", "test"), {folder, "faces", 1, 1}, [](std::int64_t) {});

  const Resplit resplit(folder, {.fractions = {90, 10}});
  ASSERT_EQ(resplit.splits().size(), 3U);
  EXPECT_EQ(resplit.splits()[1].name, "validation");
  EXPECT_EQ(resplit.splits()[2].name, "test");
  EXPECT_FALSE(resplit.splits()[2].labelled);
  EXPECT_EQ(resplit.submission_header(), "id,emotion");
  Sample sample;
  resplit.read(2, 4, sample);
  EXPECT_EQ(sample.id, 46);
  EXPECT_EQ(sample.pixels.front(), 104);
  EXPECT_FALSE(sample.label);
  EXPECT_EQ(Resplit(folder, {.fractions = {}, .folds = 4, .fold = 1}).splits().back().name, "test");
  expect_error(ExitCode::kUsage, {"'faces' has a test split without labels", "90,10"}, [&] {
    Resplit(folder, {.fractions = {80, 10, 10}});
  });
}

TEST_F(ResplitTest, NoSplitThatStaysHasTheNameOfADealtOne) {
  MpiCommunicator self(MPI_COMM_SELF);
  write_dataset(self, Competition("test", "train"), {folder_ / "odd", "faces", 1, 1}, [](std::int64_t) {});
  expect_error(ExitCode::kUsage, {"'faces' has a split 'train' without labels"}, [&] {
    Resplit(folder_ / "odd", {.fractions = {80, 20}});
  });
}

TEST_F(ResplitTest, TheSeedDecides) {
  const ResplitConfig config{.fractions = {1, 1}, .seed = 4};
  EXPECT_EQ(rows_of(Resplit(folder_ / "set", config)), rows_of(Resplit(folder_ / "set", config)));
  EXPECT_NE(rows_of(Resplit(folder_ / "set", config)),
            rows_of(Resplit(folder_ / "set", {.fractions = {1, 1}, .seed = 5})));
}

TEST_F(ResplitTest, EachSampleIsValidationInOneFold) {
  std::multiset<std::int64_t> validation;
  for (int fold = 1; fold <= 5; ++fold) {
    const auto rows = rows_of(Resplit(folder_ / "set", {.fractions = {}, .folds = 5, .fold = fold}));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].size() + rows[1].size(), 500U);
    validation.insert(rows[1].begin(), rows[1].end());
  }
  EXPECT_EQ(validation.size(), 500U);
  EXPECT_EQ(std::set<std::int64_t>(validation.begin(), validation.end()).size(), 500U);
}

TEST_F(ResplitTest, WhatLooksAlikeStaysTogether) {
  std::vector<SampleRef> group;
  for (std::int64_t row = 0; row < 40; ++row) group.push_back({"train", row * 3});
  write_near_duplicates(folder_ / "set", manifest_.digest(), {group});
  const auto sides_with_group = [&](bool ignore) {
    std::set<std::size_t> sides;
    const auto rows = rows_of(Resplit(folder_ / "set", {.fractions = {50, 50}, .ignore_duplicates = ignore}));
    for (std::size_t side = 0; side < rows.size(); ++side)
      for (const auto row : rows[side])
        if (row < 120 && row % 3 == 0) sides.insert(side);
    return sides.size();
  };
  EXPECT_EQ(sides_with_group(false), 1U);
  EXPECT_EQ(sides_with_group(true), 2U);
}

TEST_F(ResplitTest, BadSharesAreRefused) {
  expect_error(ExitCode::kUsage, {"--fractions"}, [&] { Resplit(folder_ / "set", {.fractions = {1}}); });
  expect_error(ExitCode::kUsage, {"--fractions"}, [&] { Resplit(folder_ / "set", {.fractions = {1, -1}}); });
  expect_error(ExitCode::kUsage, {"--fold is 6"},
               [&] { Resplit(folder_ / "set", {.fractions = {}, .folds = 5, .fold = 6}); });
  expect_error(ExitCode::kUsage, {"--folds is 501", "500"},
               [&] { Resplit(folder_ / "set", {.fractions = {}, .folds = 501, .fold = 1}); });
  expect_error(ExitCode::kUsage, {"no sample", "falls to validation"}, [&] {
    Resplit(folder_ / "set", {.fractions = {998, 1, 1}});
  });
}

}  // namespace fer
