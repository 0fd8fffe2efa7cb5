#include "data/import/fer_plus.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "comm/mpi_communicator.h"
#include "data/dataset_writer.h"
#include "data/import/open_source.h"
#include "data/resplit.h"
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
    "emotion,pixels,Usage\n6,1 1 1 1,Training\n1,2 2 2 2,Training\n2,3 3 3 3,PublicTest\n3,4 4 4 4,PrivateTest\n";

constexpr const char* kVotes =
    "Training,a.png,5,0,0,4,1,0,0,0,0,0\nTraining,b.png,0,10,0,0,0,0,0,0,0,0\n"
    "PublicTest,c.png,0,0,4,0,0,0,6,0,0,0\nPrivateTest,d.png,0,5,0,0,0,0,5,0,0,0\n";

Sample sample_of(const SampleSource& source, std::size_t split, std::int64_t row) {
  Sample sample;
  source.read(split, row, sample);
  return sample;
}

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
  EXPECT_EQ(sample_of(*source, 0, 0).label, 6);
  EXPECT_TRUE(sample_of(*source, 0, 0).votes.empty());
  EXPECT_EQ(sample_of(*source, 1, 0).label, 7);
  EXPECT_EQ(sample_of(*source, 1, 0).pixels[0], 3);
  EXPECT_EQ(sample_of(*source, 1, 0).id, 2);  // its row in the file
}

// The authors, too, score by majorities what they trained on votes.
TEST_F(FerPlusTest, SoftKeepsTheVotesThatCountForTraining) {
  const auto source = open(kFaces, std::string(kHeader) + kVotes, VoteRule::kSoft);
  ASSERT_EQ(source->splits().size(), 2U);  // no majority among the votes for the private test's picture
  EXPECT_TRUE(source->splits()[0].voted);
  EXPECT_EQ(sample_of(*source, 0, 0).label, 6);
  EXPECT_EQ(sample_of(*source, 0, 0).votes, (std::vector<std::uint8_t>{0, 0, 0, 0, 4, 0, 5, 0}));
  EXPECT_FALSE(source->splits()[1].voted);
  EXPECT_EQ(sample_of(*source, 1, 0).label, 2);
}

TEST_F(FerPlusTest, TellsTheSplitsOfAFileThatDoesNot) {
  const auto source = open("pixels\n1 1 1 1\n2 2 2 2\n3 3 3 3\n4 4 4 4\n", std::string(kHeader) + kVotes);
  ASSERT_EQ(source->splits().size(), 2U);
  EXPECT_EQ(source->splits()[1].name, "public_test");
  EXPECT_EQ(sample_of(*source, 1, 0).pixels[0], 3);
}

// A label counts as one vote beside votes, in one split, and when splits with and without votes are dealt anew.
TEST_F(FerPlusTest, VotesAndLabelsGoTogether) {
  write_text(folder_ / "more.csv", "emotion,pixels\n3,9 9 9 9\n3,8 8 8 8\n3,7 7 7 7\n3,6 6 6 6\n");
  open(kFaces, std::string(kHeader) + kVotes);
  const auto path = [&](const char* name) { return (folder_ / name).string(); };
  const auto joined = open_source(
      {.paths = {path("fer2013.csv"), path("fer2013new.csv"), path("more.csv")}, .vote_rule = VoteRule::kSoft});
  MpiCommunicator self(MPI_COMM_SELF);
  write_dataset(self, *joined, {folder_ / "set", "set", /*shards=*/1, /*threads=*/1}, [](std::int64_t) {});
  const auto votes = load_split(folder_ / "set", read_manifest(folder_ / "set"), "train").votes;
  EXPECT_TRUE(torch::equal(votes[2], torch::tensor({0, 0, 0, 1, 0, 0, 0, 0}, torch::kUInt8)));

  const Resplit dealt(folder_ / "set", {.fractions = {80, 20}});
  EXPECT_TRUE(dealt.splits()[0].voted);
  EXPECT_FALSE(dealt.splits()[1].voted);
  write_dataset(self, dealt, {folder_ / "dealt", "dealt", /*shards=*/1, /*threads=*/1}, [](std::int64_t) {});
  const auto train = load_split(folder_ / "dealt", read_manifest(folder_ / "dealt"), "train");
  EXPECT_EQ(train.votes.size(0), train.size());
  EXPECT_TRUE((train.votes.sum(1) > 0).all().item<bool>());
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
  write_text(folder_ / "faces.csv", kFaces);
  expect_error(ExitCode::kBadInput, {"alone.csv", "FER+", "right after"},
               [&] { open_source({.paths = {(folder_ / "alone.csv").string()}}); });
  expect_error(ExitCode::kUsage, {"--votes soft", "fer2013new.csv"},
               [&] { open_source({.paths = {(folder_ / "faces.csv").string()}, .vote_rule = VoteRule::kSoft}); });
  expect_error(ExitCode::kUsage, {"FER+", "angry,disgust", "--classes"}, [&] {
    open_source({.paths = {(folder_ / "faces.csv").string(), (folder_ / "alone.csv").string()},
                 .classes = {"neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt"}});
  });
}

// Every usage fits, but no label does.
TEST_F(FerPlusTest, AnotherOrderIsNoticed) {
  std::string faces = "emotion,pixels,Usage\n", votes = kHeader;
  for (int i = 0; i < 10; ++i) {
    faces += "0,1 1 1 1,Training\n";
    votes += "Training,a.png,0,10,0,0,0,0,0,0,0,0\n";
  }
  expect_error(ExitCode::kBadInput, {"of 10 labels in", "fer2013new.csv", "only 0", "by chance"},
               [&] { open(faces, votes); });
}

}  // namespace fer
