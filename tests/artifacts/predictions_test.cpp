#include "artifacts/predictions.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/atomic_file.h"
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

}  // namespace fer
