#include <gtest/gtest.h>
#include <torch/torch.h>

#include "optim/clip.h"
#include "optim/weight_average.h"

namespace fer {

TEST(ClipNorm, ScalesLikeLibTorch) {
  torch::manual_seed(1);
  for (const double most : {0.5, 100.0}) {
    std::vector<torch::Tensor> ours = {torch::randn({5, 3}), torch::randn({7})};
    std::vector<torch::Tensor> theirs = {torch::zeros({5, 3}), torch::zeros({7})};
    for (std::size_t i = 0; i < ours.size(); ++i) theirs[i].mutable_grad() = ours[i].clone();
    const auto clipped_ones = clipped(ours, most);
    torch::nn::utils::clip_grad_norm_(theirs, most);
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_TRUE(torch::allclose(clipped_ones[i], theirs[i].grad()));
  }
}

TEST(WeightAverage, DecaysSlowlyAtFirst) {
  auto weight = torch::zeros({2});
  WeightAverage average({weight}, 0.5);
  weight.fill_(1);
  average.update();  // decay 1/10
  EXPECT_TRUE(torch::allclose(average.average()[0], torch::full({2}, 0.9)));
  for (int i = 0; i < 100; ++i) average.update();
  weight.fill_(2);
  average.update();  // decay 0.5 by now
  EXPECT_TRUE(torch::allclose(average.average()[0], torch::full({2}, 1.5)));
}

TEST(WeightAverage, IsInTheNetWhileItIsInUse) {
  auto weight = torch::zeros({2});
  WeightAverage average({weight}, 0.5);
  weight.fill_(1);
  {
    const AverageInUse in_use(&average);
    EXPECT_TRUE(torch::equal(weight, torch::zeros({2})));
  }
  EXPECT_TRUE(torch::equal(weight, torch::ones({2})));
  const AverageInUse none(nullptr);
}

}  // namespace fer
