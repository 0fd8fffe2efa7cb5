#include "train/loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace fer {
namespace {

const torch::Tensor kLogits = torch::tensor({{2.0F, 0.0F, -1.0F}, {0.5F, 0.5F, 0.0F}});

TrainingBatch labelled() {
  TrainingBatch batch;
  batch.labels = torch::tensor({0, 2});
  return batch;
}

double loss(const TrainingBatch& batch, const LossConfig& config = {}) {
  return summed_loss(kLogits, batch, config).item<double>();
}

}  // namespace

// One vote each for the labels is the labels themselves.
TEST(Loss, VotesForLabelsAreLabels) {
  auto voted = labelled();
  voted.class_shares = torch::tensor({{1.0F, 0.0F, 0.0F}, {0.0F, 0.0F, 1.0F}});
  const torch::Tensor weights = torch::tensor({1.0F, 2.0F, 3.0F});
  for (const char* name : {"cross-entropy", "mse"})
    EXPECT_NEAR(loss(voted, {name, 0, weights}), loss(labelled(), {name, 0, weights}), 1e-6) << name;
}

TEST(Loss, SquaredErrorIsThatOfProbabilities) {
  const auto probabilities = kLogits.softmax(1);
  const auto errors = probabilities - torch::tensor({{1.0F, 0.0F, 0.0F}, {0.0F, 0.0F, 1.0F}});
  EXPECT_NEAR(loss(labelled(), {"mse", 0, {}}), errors.square().sum().item<double>() / 3, 1e-6);
}

TEST(Loss, SmoothingSpreadsATargetOverAllClasses) {
  auto spread = labelled();
  spread.class_shares = torch::tensor({{0.8F, 0.1F, 0.1F}, {0.1F, 0.1F, 0.8F}});
  EXPECT_NEAR(loss(labelled(), {"cross-entropy", 0.3, {}}), loss(spread), 1e-6);
}

TEST(Loss, MixedSamplesHaveTheLossesOfBoth) {
  auto mixed = labelled();
  mixed.other_labels = torch::tensor({1, 1});
  mixed.own_shares = torch::tensor({0.25F, 1.0F});
  auto other = labelled();
  other.labels = torch::tensor({1, 1});
  const auto single = [&](const TrainingBatch& batch, std::int64_t row) {
    return -kLogits.log_softmax(1)[row][batch.labels[row].item<std::int64_t>()].item<double>();
  };
  EXPECT_NEAR(loss(mixed), 0.25 * single(labelled(), 0) + 0.75 * single(other, 0) + single(labelled(), 1), 1e-6);
}

TEST(Loss, OfNoSamplesIsNothing) {
  TrainingBatch empty;
  empty.labels = torch::empty({0}, torch::kInt64);
  for (const char* name : {"cross-entropy", "mse"})
    EXPECT_EQ(summed_loss(torch::empty({0, 3}), empty, {name, 0, {}}).item<double>(), 0) << name;
}

}  // namespace fer
