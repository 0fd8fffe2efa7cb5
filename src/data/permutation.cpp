#include "data/permutation.h"

#include <numeric>
#include <utility>

#include "kernels/philox.h"

namespace fer {
namespace {

constexpr std::uint32_t kPermutationStream = 0x5045524D;  // "PERM": no other use of a seed draws from it

}  // namespace

std::vector<std::int64_t> epoch_permutation(std::int64_t n, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  PhiloxStream random(seed, kPermutationStream, static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  return order;
}

}  // namespace fer
