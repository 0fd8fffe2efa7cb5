#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/augment_math.h"

namespace fer {

/// A number from Beta(alpha, alpha), by the formula of Devroye ("Random variate generation in one line of code", WSC
/// 1996): 1/2 + t / 2 sqrt(2 alpha + t^2), where t has Student's distribution with 2 alpha degrees of freedom, drawn by
/// Bailey's polar method. Two random words, whatever alpha is; nothing is rejected.
/// @param alpha  positive
/// @return in [0, 1]
inline float draw_symmetric_beta(PhiloxStream& random, double alpha) {
  constexpr double kTwoPi = 6.283185307179586;
  const double radius_draw = 1.0 - random.uniform();  // (0, 1]: its power is finite, but for an alpha below 0.02
  const double cosine = std::cos(kTwoPi * random.uniform());
  const double spread = (std::pow(radius_draw, -1.0 / alpha) - 1.0) * cosine * cosine;  // t^2 / 2 alpha
  const double distance = 0.5 / std::sqrt(1.0 + 1.0 / spread);                          // 0 and infinity do no harm
  return static_cast<float>(cosine < 0.0 ? 0.5 - distance : 0.5 + distance);
}

/// Mixup's lambda of a sample in an epoch, the share of its own picture: Beta(alpha, alpha), as Zhang et al. ("mixup:
/// beyond empirical risk minimization", ICLR 2018). The same on any rank and after a resume.
/// @param alpha             positive
/// @param epoch, sample_id  each in [0, 2^32)
inline float draw_mixup_lambda(float alpha, std::uint64_t seed, std::int64_t epoch, std::int64_t sample_id) {
  constexpr std::uint32_t kMixupStream = 0x4D495855;  // "MIXU": no other use of a seed draws from it
  PhiloxStream random = sample_stream(seed, kMixupStream, epoch, sample_id);
  return draw_symmetric_beta(random, alpha);
}

}  // namespace fer
