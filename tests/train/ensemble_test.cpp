#include "train/ensemble.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace fer {

TEST(Ensemble, SoftmaxOutputsAreAveragedByWeight) {
  Ensemble ensemble(Averaging::kSoftmax);
  ensemble.add(torch::tensor({{0.8, 0.2}}, torch::kFloat64), 3);
  ensemble.add(torch::tensor({{0.4, 0.6}}, torch::kFloat64), 1);
  EXPECT_TRUE(torch::allclose(ensemble.probabilities(), torch::tensor({{0.7, 0.3}}, torch::kFloat64)));
}

TEST(Ensemble, OfLogitsTheSoftmaxIsTakenLast) {
  Ensemble ensemble(Averaging::kLogits);
  ensemble.add(torch::tensor({{4.0, 0.0}}, torch::kFloat64));
  ensemble.add(torch::tensor({{0.0, 2.0}}, torch::kFloat64));
  EXPECT_TRUE(torch::allclose(ensemble.probabilities(), torch::tensor({{2.0, 1.0}}, torch::kFloat64).softmax(1)));
}

}  // namespace fer
