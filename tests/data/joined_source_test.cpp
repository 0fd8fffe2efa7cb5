#include "data/import/joined_source.h"

#include <gtest/gtest.h>

#include "data/import/face_csv.h"
#include "data/import/open_source.h"
#include "data/import/resize.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

using Names = std::vector<std::string>;
using Pixels = std::vector<std::uint8_t>;

class JoinedSourceTest : public testing::Test {
 protected:
  std::string csv(const std::string& name, const std::string& text) const {
    write_text(folder_ / name, text);
    return (folder_ / name).string();
  }

  static Sample read(const SampleSource& source, std::size_t split, std::int64_t row) {
    Sample sample;
    source.read(split, row, sample);
    return sample;
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_F(JoinedSourceTest, SplitsOfOneNameFollowEachOther) {
  const auto a = csv("a.csv", "emotion,pixels,Usage\n0,1 1 1 1,Training\n1,2 2 2 2,PublicTest\n");
  const auto b = csv("b.csv", "emotion,pixels,Usage\n2,3 3 3 3,Training\n3,4 4 4 4,Training\n4,5 5 5 5,PrivateTest\n");
  const auto joined = open_source({.paths = {a, b}});
  ASSERT_EQ(joined->splits().size(), 3U);
  EXPECT_EQ(joined->splits()[0].rows, 3);
  EXPECT_EQ(joined->splits()[2].name, "private_test");
  EXPECT_EQ(read(*joined, 0, 2).pixels, (Pixels{4, 4, 4, 4}));
  EXPECT_EQ(read(*joined, 0, 2).label, 3);
  EXPECT_EQ(read(*joined, 0, 2).id, 2);
  EXPECT_EQ(read(*joined, 1, 0).pixels, (Pixels{2, 2, 2, 2}));
  EXPECT_EQ(read(*joined, 2, 0).label, 4);
}

TEST_F(JoinedSourceTest, ClassesAreMatchedByName) {
  std::vector<JoinedSource::Named> sources;
  sources.push_back({"a", FaceCsv::from_file(csv("a.csv", "emotion,pixels\n1,1 1 1 1\n"), {"sad", "happy"}, 1)});
  sources.push_back({"b", FaceCsv::from_file(csv("b.csv", "emotion,pixels\n0,2 2 2 2\n"), {"happy"}, 1)});
  const JoinedSource joined(std::move(sources));
  EXPECT_EQ(joined.classes(), (Names{"sad", "happy"}));
  EXPECT_EQ(read(joined, 0, 0).label, 1);
  EXPECT_EQ(read(joined, 0, 1).label, 1);
}

TEST_F(JoinedSourceTest, WhatDoesNotGoTogetherIsNamed) {
  const auto small = csv("small.csv", "emotion,pixels\n1,1 1 1 1\n");
  const auto large = csv("large.csv", "emotion,pixels\n1,1 1 1 1 1 1 1 1 1\n");
  const auto unlabelled = csv("unlabelled.csv", "pixels\n1 1 1 1\n");
  expect_error(ExitCode::kBadInput, {"small.csv", "2x2", "large.csv", "3x3", "--size"}, [&] {
    open_source({.paths = {small, large}});
  });
  expect_error(ExitCode::kBadInput, {"small.csv", "unlabelled.csv", "'train'"}, [&] {
    open_source({.paths = {small, unlabelled}});
  });
  std::vector<JoinedSource::Named> sources;
  sources.push_back({"a", FaceCsv::from_file(small, {"sad", "happy"}, 1)});
  sources.push_back({"b", FaceCsv::from_file(small, {"happy", "bored"}, 1)});
  expect_error(ExitCode::kBadInput, {"'b'", "'bored'", "'a'", "sad, happy", "first"},
               [&] { JoinedSource(std::move(sources)); });
}

TEST_F(JoinedSourceTest, NothingIsAddedToATestWhoseIdsASampleTells) {
  std::filesystem::create_directory(folder_ / "kaggle");
  csv("kaggle/train.csv", "emotion,pixels\n1,1 1 1 1\n");
  csv("kaggle/test.csv", "id,pixels\n7,1 1 1 1\n");
  csv("kaggle/sampleSubmission.csv", "id,emotion\n7,0\n");
  const auto kaggle = (folder_ / "kaggle").string();
  const auto more = csv("more.csv", "emotion,pixels\n2,2 2 2 2\n");
  const auto joined = open_source({.paths = {more, kaggle}});
  EXPECT_EQ(joined->submission_header(), "id,emotion");
  EXPECT_EQ(read(*joined, 1, 0).id, 7);
  EXPECT_EQ(read(*joined, 0, 1).pixels, (Pixels{1, 1, 1, 1}));
  expect_error(ExitCode::kBadInput, {"kaggle", "'test'", "sample submission"}, [&] {
    open_source({.paths = {kaggle, kaggle}});
  });
}

TEST_F(JoinedSourceTest, SizeIsThatOfResizing) {
  const auto source =
      open_source({.paths = {csv("slope.csv", "emotion,pixels\n2,0 10 20 30 40 50 60 70 80\n")}, .size = 5});
  const GrayImage slope{3, 3, {0, 10, 20, 30, 40, 50, 60, 70, 80}};
  EXPECT_EQ(read(*source, 0, 0).pixels, resize_gray(slope, 5, 5).pixels);
}

TEST_F(JoinedSourceTest, SizeBringsAllToOne) {
  const auto small = csv("small.csv", "emotion,pixels\n1,7 7 7 7\n");
  const auto large = csv("large.csv", "emotion,pixels\n2,9 9 9 9 9 9 9 9 9\n");
  const auto joined = open_source({.paths = {small, large}, .size = 4});
  EXPECT_EQ(joined->height(), 4);
  EXPECT_EQ(read(*joined, 0, 0).pixels, Pixels(16, 7));
  EXPECT_EQ(read(*joined, 0, 1).pixels, Pixels(16, 9));
  EXPECT_EQ(read(*joined, 0, 1).label, 2);
}

}  // namespace fer
