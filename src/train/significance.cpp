#include "train/significance.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace fer {

std::pair<double, double> wilson_interval(std::int64_t correct, std::int64_t samples) {
  constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const auto n = static_cast<double>(samples);
  const double share = static_cast<double>(correct) / n;
  const double centre = (share + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ / (1 + kZ * kZ / n) * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  return {std::max(centre - half, 0.0), std::min(centre + half, 1.0)};  // rounding may lead out of them
}

McNemarTest mcnemar_test(const torch::Tensor& first, const torch::Tensor& second, const torch::Tensor& labels) {
  const auto first_right = first.eq(labels), second_right = second.eq(labels);
  const auto count = [](const torch::Tensor& samples) { return samples.sum().item<std::int64_t>(); };
  McNemarTest test;
  test.first_alone = count(first_right & ~second_right);
  test.second_alone = count(second_right & ~first_right);
  test.p_value = mcnemar_p_value(test.first_alone, test.second_alone);
  return test;
}

double mcnemar_p_value(std::int64_t first_alone, std::int64_t second_alone) {
  // Of n samples that one net alone got right, k are the first's as often as n - k are: C(n, k) / 2^n. Weights begin
  // with 1 in the middle, and their own sum takes the place of 2^n, so nothing grows beyond what doubles hold.
  const auto n = first_alone + second_alone, fewer = std::min(first_alone, second_alone);
  double weight = 1, all = 0, as_far = 0;
  for (auto k = n / 2; k >= 0 && weight > 0; --k) {
    const double both_sides = 2 * k == n ? weight : 2 * weight;
    all += both_sides;
    if (k <= fewer) as_far += both_sides;
    weight *= static_cast<double>(k) / static_cast<double>(n - k + 1);
  }
  return as_far / all;
}

}  // namespace fer
