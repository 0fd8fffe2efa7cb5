#include "optim/optimizer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/expect_error.h"

namespace fer {
namespace {

/// Three steps of an optimizer of ours and of LibTorch's own on the same gradients.
template <class Reference, class ReferenceOptions>
void expect_same_steps(const OptimizerConfig& config, const ReferenceOptions& options) {
  torch::manual_seed(1);
  auto ours = torch::randn({5, 3});
  auto theirs = ours.clone().requires_grad_();
  const auto optimizer = make_optimizer(config, {{"weight", ours}});
  Reference reference(std::vector<torch::Tensor>{theirs}, options);
  for (int step = 0; step < 3; ++step) {
    const auto gradient = torch::randn({5, 3});
    optimizer->step({gradient}, torch::tensor(config.learning_rate, torch::kFloat64), torch::zeros({}));
    theirs.mutable_grad() = gradient.clone();
    reference.step();
    EXPECT_TRUE(torch::allclose(ours, theirs, /*rtol=*/1e-5, /*atol=*/1e-7));
  }
}

}  // namespace

TEST(Optimizer, AdamStepsLikeLibTorch) {
  expect_same_steps<torch::optim::Adam>({"adam", 1e-2, 0.0, 1e-2}, torch::optim::AdamOptions(1e-2).weight_decay(1e-2));
}

TEST(Optimizer, SgdStepsLikeLibTorch) {
  expect_same_steps<torch::optim::SGD>({"sgd", 1e-2, 0.9, 1e-2},
                                       torch::optim::SGDOptions(1e-2).momentum(0.9).weight_decay(1e-2));
  expect_same_steps<torch::optim::SGD>({"sgd", 1e-2, 0.0, 0.0}, torch::optim::SGDOptions(1e-2));
}

TEST(Optimizer, AdamWStepsLikeLibTorch) {
  expect_same_steps<torch::optim::AdamW>({"adamw", 1e-2, 0.0, 1e-1},
                                         torch::optim::AdamWOptions(1e-2).weight_decay(1e-1));
}

TEST(Optimizer, NesterovStepsLikeLibTorch) {
  expect_same_steps<torch::optim::SGD>({"nesterov", 1e-2, 0.9, 1e-2},
                                       torch::optim::SGDOptions(1e-2).momentum(0.9).weight_decay(1e-2).nesterov(true));
}

TEST(Optimizer, WeightDecayMaySpareBiases) {
  auto weight = torch::ones({2, 2}), bias = torch::ones({2});
  const OptimizerConfig config{"sgd", 1.0, 0.0, 0.5, /*decays_all=*/false};
  const auto optimizer = make_optimizer(config, {{"bias", bias}, {"weight", weight}});
  optimizer->step({torch::zeros({2}), torch::zeros({2, 2})}, torch::tensor(1.0, torch::kFloat64), torch::zeros({}));
  EXPECT_TRUE(torch::equal(bias, torch::ones({2})));
  EXPECT_TRUE(torch::equal(weight, torch::full({2, 2}, 0.5)));
}

TEST(Optimizer, UnknownNamesAreRefused) {
  expect_error(ExitCode::kUsage, {"adagrad"}, [] { make_optimizer({"adagrad"}, {}); });
}

}  // namespace fer
