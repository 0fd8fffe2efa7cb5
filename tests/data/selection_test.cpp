#include "data/selection.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

const std::vector<std::string> kClasses = {"angry", "happy", "sad"};

torch::Tensor labels_with_counts(std::int64_t angry, std::int64_t happy, std::int64_t sad) {
  return torch::cat({torch::zeros({angry}, torch::kInt64), torch::ones({happy}, torch::kInt64),
                     torch::full({sad}, 2, torch::kInt64)});
}

}  // namespace

TEST(Selection, KeepsWantedClassesUnderTheirNewNumbers) {
  const auto selection = select_samples({torch::tensor({2, 0, 1, 2, 0}), {}}, kClasses, {"sad", "angry"}, 1.0, 1);
  EXPECT_EQ(selection.rows, (std::vector<std::int64_t>{0, 1, 3, 4}));
  EXPECT_TRUE(torch::equal(selection.labels, torch::tensor({0, 1, 0, 1})));
  expect_error(ExitCode::kUsage, {"'hapy'", "'happy'"}, [] {
    select_samples({torch::tensor({0}), {}}, kClasses, {"hapy"}, 1.0, 1);
  });
  expect_error(ExitCode::kUsage, {"twice"}, [] {
    select_samples({torch::tensor({0}), {}}, kClasses, {"sad", "sad"}, 1.0, 1);
  });
}

TEST(Selection, VotesBecomeSharesOfTheChosenClasses) {
  const auto votes = torch::tensor({{8, 1, 1}, {3, 3, 4}, {0, 10, 0}}, torch::kUInt8);
  const auto selection = select_samples({torch::tensor({0, 2, 1}), votes}, kClasses, {"sad", "angry"}, 1.0, 1);
  EXPECT_EQ(selection.rows, (std::vector<std::int64_t>{0, 1}));
  EXPECT_TRUE(torch::allclose(selection.class_shares,
                              torch::tensor({{1.0 / 9, 8.0 / 9}, {4.0 / 7, 3.0 / 7}}).to(torch::kFloat32)));
}

TEST(Selection, AFractionIsTakenOfEachClass) {
  const auto labels = labels_with_counts(1000, 100, 1);
  const auto half = select_samples({labels, {}}, kClasses, {}, 0.5, 1);
  EXPECT_TRUE(torch::equal(torch::bincount(half.labels), torch::tensor({500, 50, 1})));
  EXPECT_TRUE(std::ranges::is_sorted(half.rows));
  EXPECT_EQ(half.rows, select_samples({labels, {}}, kClasses, {}, 0.5, 1).rows);
  EXPECT_NE(half.rows, select_samples({labels, {}}, kClasses, {}, 0.5, 2).rows);
}

TEST(ClassWeights, AverageToOneOverTheSamples) {
  const auto counts = class_counts({{}, labels_with_counts(60, 30, 10), {}}, 3);
  EXPECT_FALSE(class_weights("none", counts, kClasses).defined());
  const auto balanced = class_weights("balanced", counts, kClasses);
  EXPECT_TRUE(torch::allclose(balanced, 100.0 / (3 * torch::tensor({60.0F, 30.0F, 10.0F}))));
  const TemporaryFolder folder;
  write_text(folder / "weights.csv", "happy,2\nangry,1\nsad,4\n");
  const auto read = class_weights((folder / "weights.csv").string(), counts, kClasses);
  EXPECT_TRUE(torch::allclose(read, torch::tensor({1.0F, 2.0F, 4.0F}) / 1.6));
}

// A class that never leads has votes all the same.
TEST(ClassWeights, CountSharesWhereThereAreVotes) {
  const Selection voted{{}, torch::tensor({0, 0}), torch::tensor({{0.75F, 0.25F}, {1.0F, 0.0F}})};
  EXPECT_TRUE(torch::equal(class_counts(voted, 2), torch::tensor({1.75F, 0.25F})));
}

TEST(ClassWeights, BadFilesAreNamed) {
  const TemporaryFolder folder;
  const auto refuse = [&](const std::string& text, const std::string& part) {
    write_text(folder / "w.csv", text);
    expect_error(ExitCode::kBadInput, {"w.csv", part}, [&] {
      class_weights((folder / "w.csv").string(), torch::tensor({1.0F, 1.0F, 1.0F}), kClasses);
    });
  };
  refuse("angry,1\nhappy,1\n", "'sad'");
  refuse("angry,1\nhapy,1\nsad,1\n", "line 2");
  refuse("angry,1\nhappy,-1\nsad,1\n", "line 2");
  refuse("angry,0\nhappy,0\nsad,0\n", "zero");
}

}  // namespace fer
