#include "train/run_comparison.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "artifacts/predictions.h"
#include "artifacts/run_record.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// Folders of runs and evaluations, four samples each.
class RunComparison : public testing::Test {
 protected:
  /// @param said  the class that is named for each sample
  fs::path evaluation(const std::string& name, const std::vector<std::string>& classes,
                      const std::vector<std::int64_t>& said, std::int64_t first_id = 0) const {
    const auto folder = make(name);
    const auto probabilities = torch::one_hot(torch::tensor(said, torch::kInt64), std::ssize(classes));
    write_predictions(folder / "predictions.csv", {classes, torch::arange(first_id, first_id + 4),
                                                   probabilities.to(torch::kFloat64), torch::tensor({0, 0, 1, 1})});
    return folder;
  }

  fs::path run(const std::string& name, const std::vector<std::string>& classes,
               const std::vector<std::int64_t>& said) const {
    auto folder = evaluation(name, classes, said);
    const RunRecord record(folder, {{"model", "cnn2"}, {"test_split", "test"}});
    write_text(folder / "history.csv", "epoch,step,val_loss\n1,10,2.5\n2,20,1.5\n");
    return folder;
  }

  fs::path make(const std::string& name) const {
    fs::create_directory(folder_ / name);
    return folder_ / name;
  }

  TemporaryFolder folder_;
  const std::vector<std::string> two_ = {"angry", "happy"}, three_ = {"angry", "happy", "sad"};
};

}  // namespace

TEST_F(RunComparison, HoldsScoresOnOneSplitAgainstEachOther) {
  const auto second = evaluation("second", two_, {0, 1, 0, 1});
  write_text(second / "metrics.json", R"({"split": "private_test"})");
  const auto comparison = compare_runs({run("first", two_, {0, 0, 1, 1}), second});
  EXPECT_EQ(comparison.title, "first and second");
  EXPECT_EQ(comparison.split, "test and private_test (4 samples)");
  EXPECT_EQ(comparison.classes, two_);
  ASSERT_EQ(comparison.runs.size(), 2U);
  EXPECT_EQ(comparison.runs[0].scores->accuracy, 1.0);
  EXPECT_EQ(comparison.runs[1].scores->accuracy, 0.5);
  ASSERT_EQ(comparison.tests.size(), 1U);
  EXPECT_EQ(comparison.tests[0].first_alone, 2);
  EXPECT_EQ(comparison.tests[0].second_alone, 0);
  EXPECT_TRUE(comparison.notes.empty());
}

TEST_F(RunComparison, OfOtherClassesCurvesAreLeftAndNoScores) {
  const auto comparison = compare_runs(
      {run("two", two_, {0, 0, 1, 1}), run("three", three_, {0, 0, 1, 2}), run("again", two_, {0, 1, 1, 1})});
  ASSERT_EQ(comparison.runs.size(), 3U);
  for (const auto& run : comparison.runs) EXPECT_EQ(run.history.size(), 2U) << run.name;
  EXPECT_EQ(comparison.split, "test (4 samples)");
  EXPECT_TRUE(comparison.runs[0].scores.has_value());
  EXPECT_FALSE(comparison.runs[1].scores.has_value());
  EXPECT_TRUE(comparison.runs[2].scores.has_value());
  ASSERT_EQ(comparison.tests.size(), 1U);
  EXPECT_EQ(comparison.tests[0].second, "again");
  EXPECT_EQ(comparison.notes, std::vector<std::string>{"'three' has no scores here: it tells the classes angry, happy, "
                                                       "sad apart, but 'two' angry, happy."});
}

TEST_F(RunComparison, OfARunThatAnsweredNothingItSaysSo) {
  const auto silent = run("silent", two_, {0, 0, 1, 1});
  std::filesystem::remove(silent / "predictions.csv");
  const auto comparison = compare_runs({run("first", two_, {0, 0, 1, 1}), silent});
  EXPECT_FALSE(comparison.runs[1].scores);
  EXPECT_EQ(
      comparison.notes,
      std::vector<std::string>{"'silent' has no scores here: it left no answers to samples whose labels are known."});
}

TEST_F(RunComparison, OfOtherSamplesTheScoresAreLeftOut) {
  const auto comparison =
      compare_runs({evaluation("one", two_, {0, 0, 1, 1}), evaluation("other", two_, {0, 0, 1, 1}, /*first_id=*/7)});
  EXPECT_EQ(comparison.split, "4 samples");
  EXPECT_FALSE(comparison.runs[1].scores.has_value());
  EXPECT_TRUE(comparison.tests.empty());
  ASSERT_EQ(comparison.notes.size(), 1U);
  EXPECT_NE(comparison.notes[0].find("'other' has no scores here: its predictions are about other samples"),
            std::string::npos)
      << comparison.notes[0];
}

TEST_F(RunComparison, RefusesAFolderWithNothingToCompare) {
  const auto empty = make("empty");
  expect_error(ExitCode::kBadInput, {"empty", "predictions.csv"}, [&] {
    compare_runs({evaluation("one", two_, {0, 0, 1, 1}), empty});
  });
}

}  // namespace fer
