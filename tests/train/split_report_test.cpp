#include "train/split_report.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/hashed_data.h"

namespace fer {
namespace {

const std::vector<std::string> kClasses = {"angry", "happy"};

/// Six samples of 1x2 pixels, which hold their row; ids are 100, 101 ...
Split six_samples(bool labelled) {
  Split split;
  split.name = "test";
  split.images = torch::arange(6, torch::kUInt8).view({6, 1, 1}).repeat({1, 1, 2});
  if (labelled) split.labels = torch::tensor({0, 0, 1, 1, 0, 1}, torch::kInt64);
  split.ids = torch::arange(100, 106);
  return split;
}

/// Right of 100, 101, 102 and 105, wrong of 103 and 104; the surest of all is 103, the least sure 102.
Evaluation answers_to(const Split& split) {
  const auto first = torch::tensor({0.7, 0.9, 0.49, 0.95, 0.4, 0.2}, torch::kFloat64);
  return score(torch::stack({first, 1 - first}, 1), split.labels);
}

std::vector<std::string> names_in(const FaceGroup& group) {
  std::vector<std::string> names;
  for (const auto& face : group.faces) names.push_back(face.name);
  return names;
}

/// `id 101 for angry` and the like, of a net's maps of 16x16 pixels.
std::vector<std::string> explained(bool labelled) {
  auto split = six_samples(labelled);
  split.images = hashed_split(6, 16, 2, 1).images;
  const auto net = make_model({"cnn3-mlp", 2, 16, 16});
  SplitReport report;
  explain_answers(report, split, answers_to(split), kClasses, *net, Loader(split, 2, torch::kCPU));
  std::vector<std::string> lines;
  for (const auto& [face, class_name, grad_cam, gradient] : report.explained) {
    EXPECT_EQ(grad_cam.size(), 256U);
    EXPECT_EQ(gradient.size(), 256U);
    lines.push_back(face.name + " for " + class_name);
  }
  return lines;
}

}  // namespace

TEST(SplitReport, ShowsWhoWasSurelyRightSurelyWrongAndUnsure) {
  const auto split = six_samples(/*labelled=*/true);
  const auto report = report_split(split, answers_to(split), kClasses, "A role.");
  EXPECT_EQ(report.split, "test");
  EXPECT_EQ(report.role, "A role.");
  EXPECT_EQ(report.samples, 6);
  ASSERT_TRUE(report.scores.has_value());
  EXPECT_DOUBLE_EQ(report.scores->accuracy, 4.0 / 6);
  ASSERT_EQ(report.galleries.size(), 3U);
  EXPECT_EQ(report.galleries[0].title, "Sure and right");  // class by class, the surest first
  EXPECT_EQ(names_in(report.galleries[0]), (std::vector<std::string>{"id 101", "id 100", "id 105", "id 102"}));
  EXPECT_EQ(report.galleries[1].title, "Sure and wrong");
  EXPECT_EQ(names_in(report.galleries[1]), (std::vector<std::string>{"id 103", "id 104"}));
  EXPECT_EQ(report.galleries[2].title, "Unsure");
  EXPECT_EQ(names_in(report.galleries[2]),
            (std::vector<std::string>{"id 102", "id 104", "id 100", "id 105", "id 101", "id 103"}));
}

TEST(SplitReport, AFaceHasItsPictureItsClassAndItsProbabilities) {
  const auto split = six_samples(/*labelled=*/true);
  const auto report = report_split(split, answers_to(split), kClasses, "");
  const auto& wrong = report.galleries.at(1).faces.at(0);
  EXPECT_EQ(wrong.picture, (GrayPicture{3, 3}));
  EXPECT_EQ(wrong.truth, "happy");
  ASSERT_EQ(wrong.probabilities.size(), 2U);
  EXPECT_DOUBLE_EQ(wrong.probabilities[0], 0.95);
}

TEST(SplitReport, WithoutLabelsNobodyIsRightOrWrong) {
  const auto split = six_samples(/*labelled=*/false);
  const auto report = report_split(split, answers_to(split), kClasses, "");
  EXPECT_FALSE(report.scores.has_value());
  ASSERT_EQ(report.galleries.size(), 2U);
  EXPECT_EQ(report.galleries[0].title, "Sure");
  EXPECT_EQ(names_in(report.galleries[0]).front(), "id 103");
  EXPECT_EQ(report.galleries[0].faces.front().truth, "");
  EXPECT_EQ(report.galleries[1].title, "Unsure");
  EXPECT_EQ(names_in(report.galleries[1]).front(), "id 102");
}

TEST(SplitReport, ExplainsOfEachClassTheSurestRightAnswerAndTheSurestWrongOne) {
  EXPECT_EQ(explained(/*labelled=*/true),
            (std::vector<std::string>{"id 101 for angry", "id 104 for happy", "id 105 for happy", "id 103 for angry"}));
}

TEST(SplitReport, ExplainsOfEachClassTheSurestAnswerWhereLabelsAreUnknown) {
  EXPECT_EQ(explained(/*labelled=*/false), (std::vector<std::string>{"id 103 for angry", "id 105 for happy"}));
}

}  // namespace fer
