#include "train/loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/fused_cross_entropy.h"

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

// What GPUs take, against torch's own in double precision.
TEST(Loss, FusedCrossEntropyIsTorchs) {
  torch::manual_seed(1);
  const auto exact = (torch::randn({20, 7}, torch::kFloat64) * 5);
  const auto labels = torch::randint(7, {20});
  const auto shares = torch::rand({20, 7}).softmax(1);
  const auto upstream = torch::randn({20}, torch::kFloat64);
  const torch::Tensor weights = torch::rand({7}) + 0.5;
  for (const auto& targets : {labels, shares})
    for (const auto& class_weights : {torch::Tensor(), weights})
      for (const double smoothing : {0.0, 0.1}) {
        const LossConfig config{"cross-entropy", smoothing, class_weights};
        auto logits = exact.to(torch::kFloat32).set_requires_grad(true);
        const auto losses = fused_cross_entropy(logits, targets, config);
        losses.backward(upstream.to(torch::kFloat32));
        auto expected_logits = logits.detach().to(torch::kFloat64).set_requires_grad(true);
        const auto wide = [](const torch::Tensor& t) { return t.is_floating_point() ? t.to(torch::kFloat64) : t; };
        const auto expected = torch::nn::functional::cross_entropy(
            expected_logits, wide(targets),
            torch::nn::functional::CrossEntropyFuncOptions()
                .weight(class_weights.defined() ? wide(class_weights) : class_weights)
                .label_smoothing(smoothing)
                .reduction(torch::kNone));
        expected.backward(upstream);
        EXPECT_TRUE(torch::allclose(losses.detach().to(torch::kFloat64), expected.detach(), 1e-5, 1e-6));
        EXPECT_TRUE(torch::allclose(logits.grad().to(torch::kFloat64), expected_logits.grad(), 1e-4, 1e-6));
      }
}

TEST(Loss, OfNoSamplesIsNothing) {
  TrainingBatch empty;
  empty.labels = torch::empty({0}, torch::kInt64);
  for (const char* name : {"cross-entropy", "mse"})
    EXPECT_EQ(summed_loss(torch::empty({0, 3}), empty, {name, 0, {}}).item<double>(), 0) << name;
}

}  // namespace fer
