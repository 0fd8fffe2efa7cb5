#include "artifacts/predictions.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/atomic_file.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

Predictions two_predictions() {
  return {{"angry", "happy"},
          torch::tensor({5, 9}),
          torch::tensor({0.25, 0.75, 0.875, 0.125}, torch::kFloat64).view({2, 2}),
          {}};
}

}  // namespace

TEST(Predictions, CarryIdsNamesAndProbabilities) {
  const TemporaryFolder folder;
  auto predictions = two_predictions();
  write_predictions(folder / "p.csv", predictions);
  EXPECT_EQ(read_file(folder / "p.csv"),
            "id,label,p_angry,p_happy\n5,happy,0.250000,0.750000\n9,angry,0.875000,0.125000\n");
  predictions.truth = torch::tensor({1, 1});
  write_predictions(folder / "p.csv", predictions);
  EXPECT_NE(read_file(folder / "p.csv").find("9,angry,0.875000,0.125000,happy\n"), std::string::npos);
}

TEST(Predictions, AreReadAsTheyWereWritten) {
  const TemporaryFolder folder;
  auto written = two_predictions();
  written.classes = {"angry, or \"cross\"", "happy\nor glad"};
  for (const bool with_truth : {false, true}) {
    if (with_truth) written.truth = torch::tensor({1, 1});
    write_predictions(folder / "p.csv", written);
    const auto read = read_predictions(folder / "p.csv");
    EXPECT_EQ(read.classes, written.classes);
    EXPECT_TRUE(torch::equal(read.ids, written.ids));
    EXPECT_TRUE(torch::equal(read.probabilities, written.probabilities));
    ASSERT_EQ(read.truth.defined(), with_truth);
    if (with_truth) {
      EXPECT_TRUE(torch::equal(read.truth, written.truth));
    }
  }
}

TEST(Predictions, LabelsOutliveTheLossOfDigits) {
  const TemporaryFolder folder;
  auto written = two_predictions();
  written.probabilities = torch::tensor({0.4999999, 0.5000001, 0.5000001, 0.4999999}, torch::kFloat64).view({2, 2});
  write_predictions(folder / "p.csv", written);
  EXPECT_EQ(read_file(folder / "p.csv"),
            "id,label,p_angry,p_happy\n5,happy,0.500000,0.500000\n9,angry,0.500000,0.500000\n");
  const auto read = read_predictions(folder / "p.csv");
  EXPECT_TRUE(torch::equal(read.probabilities.argmax(1), written.probabilities.argmax(1)));
  EXPECT_TRUE(torch::allclose(read.probabilities, written.probabilities, 0, 1e-6));
}

TEST(Predictions, OfNoSamplesAreNone) {
  const TemporaryFolder folder;
  write_text(folder / "p.csv", "id,label,p_angry,p_happy,truth\n");
  const auto read = read_predictions(folder / "p.csv");
  EXPECT_EQ(read.ids.numel(), 0);
  EXPECT_EQ(read.probabilities.sizes(), (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(read.truth.numel(), 0);
}

TEST(Predictions, WhatIsNoneIsRefusedByItsLine) {
  const TemporaryFolder folder;
  const auto expect_refused = [&](const std::string& text, const std::string& why) {
    write_text(folder / "p.csv", text);
    expect_error(ExitCode::kBadInput, {"p.csv' line ", why}, [&] { read_predictions(folder / "p.csv"); });
  };
  for (const std::string header : {"epoch,step,lr", "id,label", "id,label,truth", "id,label,p_a,b", "label,id,p_a"})
    expect_refused(header + "\n", "line 1: the columns of predictions are");
  const std::string header = "id,label,p_angry,p_happy,truth\n5,happy,0.25,0.75,happy\n";
  expect_refused(header + "x,happy,0.25,0.75,happy\n", "line 3: id is 'x'");
  expect_refused(header + "9,sad,0.25,0.75,happy\n", "line 3: 'sad' is none of the classes angry, happy");
  expect_refused(header + "9,happy,0.25,0.75,\n", "line 3: '' is none of the classes");
  expect_refused(header + "9,happy,0.25,nan,happy\n", "line 3: a probability is nan");
  expect_refused(header + "9,happy,0.25,1.5,happy\n", "line 3: a probability is 1.5");
  expect_refused(header + "9,angry,0.25,0.75,happy\n", "line 3: the label is 'angry', but 'happy' is more probable");
  expect_refused(header + "9,happy,0.25\n", "line 3: it has 3 fields, but the header names 5");
}

TEST(Submission, CountsRowsFromZeroAndNumbersClasses) {
  const TemporaryFolder folder;
  write_submission(folder / "s.csv", two_predictions(), "");
  EXPECT_EQ(read_file(folder / "s.csv"), "Id,Category\n0,1\n1,0\n");
}

TEST(Submission, TakesHeaderAndIdsOfTheSample) {
  const TemporaryFolder folder;
  write_submission(folder / "s.csv", two_predictions(), "id,emotion");
  EXPECT_EQ(read_file(folder / "s.csv"), "id,emotion\n5,1\n9,0\n");
}

TEST(Submission, TakesTheFormOfASampleWithTheSameIdsInAnyOrder) {
  const TemporaryFolder folder;
  write_text(folder / "sample.csv", "\xEF\xBB\xBFid,\"emotion, of seven\"\r\n9,0\r\n2,0\r\n5,0\r\n\r\n");
  const auto form = read_sample_submission(folder / "sample.csv", torch::tensor({5, 9, 2}));
  EXPECT_EQ(form.header, "id,\"emotion, of seven\"");
  EXPECT_TRUE(form.ids.equal(torch::tensor({9, 2, 5})));
  EXPECT_TRUE(form.rows.equal(torch::tensor({1, 2, 0})));
}

TEST(Submission, OfASampleThatCountsRowsTakesTheseForIds) {
  const TemporaryFolder folder;
  write_text(folder / "sample.csv", "Id,Category\n0,0\n1,0\n");
  const auto form = read_sample_submission(folder / "sample.csv", torch::tensor({5, 9}));
  EXPECT_TRUE(form.ids.equal(torch::tensor({0, 1})));
  EXPECT_TRUE(form.rows.equal(torch::tensor({0, 1})));
}

TEST(Submission, NamesWhatASampleHasOtherwise) {
  const TemporaryFolder folder;
  const auto ids = torch::tensor({5, 9, 7});
  const auto expect_refused = [&](const std::string& rows, const std::vector<std::string>& parts) {
    write_text(folder / "sample.csv", "id,emotion\n" + rows);
    expect_error(ExitCode::kBadInput, parts, [&] { read_sample_submission(folder / "sample.csv", ids); });
  };
  expect_refused("5,0\n8,0\n9,0\n", {"sample.csv' has 3 rows", "would have 3",
                                     "its row 2 has id 8, which is not among the samples answered"});
  expect_refused("5,0\n9,0\n", {"has 2 rows", "would have 3", "it lacks id 7"});
  expect_refused("5,0\n9,0\n7,0\n9,0\n", {"has 4 rows", "would have 3", "its row 4 has id 9, as an earlier one"});
  expect_refused("face-5,0\n9,0\n7,0\n", {"its row 1 has id face-5"});
  expect_refused("5,0\n9\n7,0\n", {"sample.csv' line 3"});
  write_text(folder / "sample.csv", "id,angry,happy\n5,0,1\n");
  expect_error(ExitCode::kBadInput, {"sample.csv' has 3 columns"},
               [&] { read_sample_submission(folder / "sample.csv", torch::tensor({5})); });
  write_text(folder / "sample.csv", "id,emotion\n5,0\n9,0\n");
  expect_error(ExitCode::kBadInput, {"the split has an id twice"}, [&] {
    read_sample_submission(folder / "sample.csv", torch::tensor({5, 9, 9}));
  });
}

}  // namespace fer
