#include "data/import/face_csv.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

class FaceCsvTest : public testing::Test {
 protected:
  std::unique_ptr<FaceCsv> open(const std::string& text, std::vector<std::string> classes = {}) const {
    write_text(folder_ / "faces.csv", text);
    return FaceCsv::from_file(folder_ / "faces.csv", std::move(classes), /*threads=*/2);
  }

  static Sample read(const SampleSource& source, std::size_t split, std::int64_t row) {
    Sample sample;
    source.read(split, row, sample);
    return sample;
  }

  static std::vector<std::string> names(const SampleSource& source) {
    std::vector<std::string> names;
    for (const auto& split : source.splits()) names.push_back(split.name + " " + std::to_string(split.rows));
    return names;
  }

  std::string refusal(const std::string& row) const {
    const auto source = open("emotion,pixels,Usage\n0,1 2 3 4,Training\n" + row + "\n");
    return source->refused().empty() ? "" : source->refused().at(0);
  }

  TemporaryFolder folder_;
};

using Pixels = std::vector<std::uint8_t>;
using Names = std::vector<std::string>;

}  // namespace

TEST_F(FaceCsvTest, UsagesBecomeSplits) {
  const auto source = open(
      "emotion,pixels,Usage\n3,1 2 3 4,Training\n0,5 6 7 8,PublicTest\n6,9 9 9 9,Training\n1,0 0 0 255,PrivateTest\n");
  EXPECT_EQ(names(*source), (Names{"train 2", "public_test 1", "private_test 1"}));
  EXPECT_EQ(read(*source, 0, 1).pixels, (Pixels{9, 9, 9, 9}));
  EXPECT_EQ(read(*source, 0, 1).label, 6);
  EXPECT_EQ(read(*source, 0, 1).id, 1);
  EXPECT_EQ(source->classes(), fer2013_classes());
  EXPECT_TRUE(source->refused().empty());
}

TEST_F(FaceCsvTest, ColumnsInAnyOrderCaseAndDress) {
  for (const char* text : {"emotion, Usage, pixels\n3, Training, 1 2 3 4\n",   // icml_face_data.csv
                           "Usage,Emotion,PIXELS\r\nTraining,3,1 2 3 4 \r\n",  // line ends, a trailing blank
                           "\"emotion\",\"pixels\",\"Usage\"\n\"3\",\"1 2 3 4\",\"Training\"\n",  // quotes
                           "\xEF\xBB\xBF"
                           "emotion,pixels,Usage\n3,  1  2 3 4,training"}) {  // a mark, no end
    const auto source = open(text);
    EXPECT_EQ(names(*source), Names{"train 1"}) << text;
    EXPECT_EQ(read(*source, 0, 0).pixels, (Pixels{1, 2, 3, 4})) << text;
    EXPECT_EQ(read(*source, 0, 0).label, 3) << text;
  }
}

TEST_F(FaceCsvTest, WithoutUsageAllIsTrain) {
  const auto source = open("emotion,pixels\n1,1 2 3 4\n0,4 3 2 1\n", {"cat", "dog"});
  EXPECT_EQ(names(*source), Names{"train 2"});
  EXPECT_EQ(source->classes(), (Names{"cat", "dog"}));
}

TEST_F(FaceCsvTest, ColumnsThatAreNotReadAreNamed) {
  const auto source = open("emotion,pixels,Photographer\n1,1 2 3 4,me\n");
  EXPECT_NE(source->description().find("not read: photographer"), std::string::npos) << source->description();
}

TEST_F(FaceCsvTest, BadRowsAreNamed) {
  for (const auto& [row, part] : std::vector<std::pair<std::string, std::string>>{
           {"7,1 2 3 4,Training", "the emotion is 7, but there are 7 classes"},
           {"-1,1 2 3 4,Training", "the emotion is '-1'"},
           {"happy,1 2 3 4,Training", "the emotion is 'happy'"},
           {",1 2 3 4,Training", "the emotion is ''"},
           {"0,1 2 3 4,Trainin", "the usage is 'Trainin'"},
           {"0,1 2 3 4", "2 fields, but the header names 3"},
           {"0,1 2 3 4,Training,more", "4 fields"},
           {"0,\"1 2 3 4,Training", "a quote is opened but not closed"},
           {"", "1 fields"}}) {
    const auto text = refusal(row + "\n0,1 2 3 4,Training");
    EXPECT_NE(text.find(part), std::string::npos) << row << " -> " << text;
    EXPECT_NE(text.find("faces.csv' line 3"), std::string::npos) << text;
  }
}

TEST_F(FaceCsvTest, BadPixelsAreNamedWhenTheyAreRead) {
  const auto source = open("emotion,pixels\n0,1 2 3 4\n0,1 2 3\n0,1 2 x 4\n");
  expect_error(ExitCode::kBadInput, {"faces.csv' line 3", "3 pixels, but must have 4"}, [&] { read(*source, 0, 1); });
  expect_error(ExitCode::kBadInput, {"faces.csv' line 4", "value 3 is 'x'"}, [&] { read(*source, 0, 2); });
}

TEST_F(FaceCsvTest, BadHeadersAreNamed) {
  expect_error(ExitCode::kBadInput, {"'pixels'"}, [&] { open("emotion,picture\n1,1 2 3 4\n"); });
  expect_error(ExitCode::kBadInput, {"two columns 'emotion'"}, [&] { open("emotion,pixels,emotion\n1,1 2 3 4,1\n"); });
  expect_error(ExitCode::kBadInput, {"no square picture"}, [&] { open("emotion,pixels\n1,1 2 3\n"); });
}

class KaggleTest : public FaceCsvTest {
 protected:
  void write(const std::string& name, const std::string& text) const { write_text(folder_ / name, text); }
  std::unique_ptr<FaceCsv> open_folder() const { return FaceCsv::from_folder(folder_.path(), {}, 1); }
};

TEST_F(KaggleTest, PairWithoutLabelsForTheTest) {
  write("train.csv", "emotion,pixels\n1,1 2 3 4\n");
  write("test.csv", "pixels\n5 6 7 8\n9 9 9 9\n");
  const auto source = open_folder();
  EXPECT_EQ(names(*source), (Names{"train 1", "test 2"}));
  EXPECT_FALSE(source->splits()[1].labelled);
  EXPECT_EQ(read(*source, 1, 1).pixels, (Pixels{9, 9, 9, 9}));
  EXPECT_EQ(read(*source, 1, 1).id, 1);
}

TEST_F(KaggleTest, UsagesBecomeSplitsInAFolderToo) {
  write("train.csv", "emotion,pixels,Usage\n1,1 2 3 4,Training\n2,5 6 7 8,PublicTest\n");
  EXPECT_EQ(names(*open_folder()), (Names{"train 1", "public_test 1"}));
}

TEST_F(KaggleTest, ASampleSubmissionGivesIdsOrderAndHeader) {
  write("train.csv", "emotion,pixels\n1,1 2 3 4\n");
  write("test.csv", "id,pixels\n10,5 6 7 8\n20,9 9 9 9\n");
  write("sampleSubmission.csv", "id,emotion\n20,0\n10,0\n");
  const auto source = open_folder();
  EXPECT_EQ(read(*source, 1, 0).id, 20);
  EXPECT_EQ(read(*source, 1, 0).pixels, (Pixels{9, 9, 9, 9}));
  EXPECT_EQ(source->submission_header(), "id,emotion");
  write("sampleSubmission.csv", "id,emotion\n20,0\n20,0\n");
  expect_error(ExitCode::kBadInput, {"line 3", "id 20"}, [&] { open_folder(); });
  write("sampleSubmission.csv", "id,emotion\n20,0\n010,0\n");
  expect_error(ExitCode::kBadInput, {"line 3", "'010'"}, [&] { open_folder(); });
  write("sampleSubmission.csv", "id,emotion,more\n20,0,0\n10,0,0\n");
  expect_error(ExitCode::kBadInput, {"sampleSubmission.csv", "3 columns"}, [&] { open_folder(); });
  write("sampleSubmission.csv", "id,emotion\n20,0\n");
  expect_error(ExitCode::kBadInput, {"1 rows", "test.csv has 2"}, [&] { open_folder(); });
}

TEST_F(KaggleTest, ASampleSubmissionOfOneColumnTellsNothing) {
  write("train.csv", "emotion,pixels\n1,1 2 3 4\n");
  write("test.csv", "pixels\n5 6 7 8\n9 9 9 9\n");
  write("example_submission.csv", "0\n0\n");
  EXPECT_EQ(open_folder()->submission_header(), "");
}

TEST_F(KaggleTest, LabelsOfTheTestAreJoinedById) {
  write("train.csv", "emotion,pixels\n1,1 2 3 4\n");
  write("test.csv", "id,pixels\n10,5 6 7 8\n20,9 9 9 9\n");
  write("test_labels.csv", "id,emotion\n20,6\n10,2\n");
  const auto source = open_folder();
  EXPECT_EQ(read(*source, 1, 0).label, 2);
  EXPECT_EQ(read(*source, 1, 1).label, 6);
  write("test_labels.csv", "id,emotion\n20,6\n30,2\n");
  expect_error(ExitCode::kBadInput, {"test_labels.csv", "id 10"}, [&] { open_folder(); });
}

TEST_F(KaggleTest, NoRowOfATestThatOtherFilesNameMayBeBad) {
  write("train.csv", "emotion,pixels\n1,1 2 3 4\n");
  write("test.csv", "id,pixels\n10,5 6 7 8\nx,9 9 9 9\n");
  EXPECT_EQ(open_folder()->refused().size(), 1U);
  write("test_labels.csv", "id,emotion\n20,6\n10,2\n");
  expect_error(ExitCode::kBadInput, {"test.csv", "line 3", "'x'", "left out"}, [&] { open_folder(); });
  write("test.csv", "id,pixels\n10,5 6 7 8\n20,9 9 9 999\n");
  expect_error(ExitCode::kBadInput, {"test.csv", "line 3", "'999'"}, [&] { open_folder(); });
  write("test.csv", "id,pixels\n10,5 6 7 8\n20,9 9 9 9\n");
  write("test_labels.csv", "id,emotion\n20,7\n10,2\n");
  expect_error(ExitCode::kBadInput, {"test.csv", "line 3", "emotion is 7", "left out"}, [&] { open_folder(); });
}

}  // namespace fer
