#pragma once

#include <cstdint>
#include <vector>

namespace fer {

/// The order in which an epoch visits its samples: a permutation of 0 .. n-1 that depends on nothing else.
/// Fisher and Yates's shuffle, driven by Philox.
std::vector<std::int64_t> epoch_permutation(std::int64_t n, std::uint64_t seed, std::int64_t epoch);

}  // namespace fer
