#include "data/import/fer_plus.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/import/face_csv.h"
#include "data/import/open_source.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

/// Where our order of classes has the columns of the file.
constexpr std::array<std::size_t, 10> kFileColumns = {4, 5, 6, 1, 3, 2, 0, 7, 8, 9};

/// The golden file's votes for classes, in our order; nothing for null.
std::optional<ClassVotes> expected(const nlohmann::json& votes) {
  if (votes.is_null()) return std::nullopt;
  ClassVotes ours{};
  for (std::size_t c = 0; c < ours.size(); ++c) ours[c] = votes[kFileColumns[c]].get<std::uint8_t>();
  return ours;
}

constexpr const char* kHeader =
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n";

class FerPlusTest : public testing::Test {
 protected:
  std::unique_ptr<SampleSource> open(const std::string& faces, const std::string& labels,
                                     VoteRule rule = VoteRule::kMajority) const {
    write_text(folder_ / "fer2013.csv", faces);
    write_text(folder_ / "fer2013new.csv", labels);
    return open_source(
        {.paths = {(folder_ / "fer2013.csv").string(), (folder_ / "fer2013new.csv").string()}, .vote_rule = rule});
  }

  TemporaryFolder folder_;
};

constexpr const char* kFaces =
    "emotion,pixels,Usage\n0,1 1 1 1,Training\n1,2 2 2 2,Training\n2,3 3 3 3,PublicTest\n3,4 4 4 4,PrivateTest\n";

}  // namespace

// What the labels' authors' own reader makes of 409 votes.
TEST(CountedVotes, AreThoseOfTheirAuthors) {
  const auto golden = nlohmann::json::parse(std::ifstream(std::string(FER_GOLDEN_FOLDER) + "/fer_plus_votes.json"));
  ASSERT_EQ(golden["rows"].size(), 409U);
  for (const auto& row : golden["rows"]) {
    TaggerVotes votes{};
    for (std::size_t i = 0; i < votes.size(); ++i) votes[i] = row["votes"][kFileColumns[i]].get<std::uint8_t>();
    EXPECT_EQ(counted_votes(votes, VoteRule::kMajority), expected(row["majority"])) << row;
    EXPECT_EQ(counted_votes(votes, VoteRule::kSoft), expected(row["soft"])) << row;
  }
}

TEST_F(FerPlusTest, ReplacesLabelsLineByLine) {
  const auto source = open(kFaces, std::string(kHeader) +
                                       "Training,a.png,9,0,0,1,0,0,0,0,0,0\n"    // neutral
                                       "Training,,0,0,0,0,0,0,0,0,0,10\n"        // no face
                                       "PublicTest,c.png,0,0,0,0,0,0,3,7,0,0\n"  // contempt
                                       "PrivateTest,d.png,0,4,0,0,0,0,4,0,0,2\n");
  ASSERT_EQ(source->splits().size(), 2U);
  EXPECT_EQ(source->classes(), fer_plus_classes());
  EXPECT_EQ(source->left_out(), 2);
  Sample sample;
  source->read(0, 0, sample);
  EXPECT_EQ(sample.label, 6);
  EXPECT_TRUE(sample.votes.empty());
  source->read(1, 0, sample);
  EXPECT_EQ(sample.label, 7);
  EXPECT_EQ(sample.pixels[0], 3);
}

TEST_F(FerPlusTest, SoftKeepsTheVotesThatCount) {
  const auto source = open(kFaces,
                           std::string(kHeader) +
                               "Training,a.png,5,0,0,4,1,0,0,0,0,0\nTraining,b.png,0,10,0,0,0,0,0,0,0,0\n"
                               "PublicTest,c.png,0,0,0,0,0,0,0,10,0,0\nPrivateTest,d.png,0,5,0,0,0,0,5,0,0,0\n",
                           VoteRule::kSoft);
  EXPECT_TRUE(source->splits()[0].voted);
  Sample sample;
  source->read(0, 0, sample);
  EXPECT_EQ(sample.label, 6);
  EXPECT_EQ(sample.votes, (std::vector<std::uint8_t>{0, 0, 0, 0, 4, 0, 5, 0}));
}

TEST_F(FerPlusTest, WhatDoesNotMatchIsNamed) {
  const std::string training = "Training,a.png,10,0,0,0,0,0,0,0,0,0\n";
  expect_error(ExitCode::kBadInput, {"fer2013new.csv", "1 rows", "fer2013.csv", "4"},
               [&] { open(kFaces, kHeader + training); });
  expect_error(ExitCode::kBadInput, {"line 4", "different usages"},
               [&] { open(kFaces, kHeader + training + training + training + training); });
  expect_error(ExitCode::kBadInput, {"fer2013new.csv", "line 3", "fear", "'x'"},
               [&] { open(kFaces, kHeader + training + "Training,b.png,0,0,0,0,0,0,x,0,0,0\n"); });
  write_text(folder_ / "alone.csv", kHeader + training);
  expect_error(ExitCode::kBadInput, {"alone.csv", "FER+", "right behind"},
               [&] { open_source({.paths = {(folder_ / "alone.csv").string()}}); });
}

}  // namespace fer
