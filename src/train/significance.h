#pragma once

#include <torch/types.h>

#include <cstdint>
#include <utility>

namespace fer {

/// Wilson's score interval (1927) of a share, 95 %, which stays within [0, 1] and holds for small samples too.
/// NaN without samples.
std::pair<double, double> wilson_interval(std::int64_t correct, std::int64_t samples);

/// McNemar's test (1947) of whether two nets differ in accuracy. Samples that both or neither got right tell nothing.
struct McNemarTest {
  std::int64_t first_alone = 0;   // samples that the first alone got right
  std::int64_t second_alone = 0;  // and the second
  double p_value = 1;
};

/// @param first   [N] int64 on the host, the classes that the first net names
/// @param second  [N], the second's for the same samples
/// @param labels  [N], the true ones
McNemarTest mcnemar_test(const torch::Tensor& first, const torch::Tensor& second, const torch::Tensor& labels);

/// How probable it is that two nets of the same accuracy part at least as far as this: two-sided, and for every count
/// by the binomial distribution itself, so that no rule is needed of when its approximation by chi-square is good
/// enough. 0 if less probable than about 1e-308.
double mcnemar_p_value(std::int64_t first_alone, std::int64_t second_alone);

}  // namespace fer
