#include "data/epoch_order.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "data/permutation.h"
#include "kernels/philox.h"

namespace fer {
namespace {

// No other use of a seed draws from these.
constexpr std::uint32_t kBlockStream = 0x424C4F43;     // "BLOC"
constexpr std::uint32_t kWindowStream = 0x57494E44;    // "WIND"
constexpr std::uint32_t kBalancedStream = 0x42414C41;  // "BALA"

template <class T>
void shuffle(std::span<T> items, PhiloxStream& random) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.below(static_cast<std::uint32_t>(i))]);
}

}  // namespace

std::vector<std::int64_t> epoch_order(std::int64_t n, std::span<const std::int64_t> blocks, std::int64_t window,
                                      std::uint64_t seed, std::int64_t epoch) {
  if (n <= window) return epoch_permutation(n, seed, epoch);
  require(!blocks.empty() && blocks.front() == 0 && window > 0, "an order without blocks or window");
  std::vector<std::int64_t> numbers(blocks.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
  PhiloxStream block_draws(seed, kBlockStream, static_cast<std::uint64_t>(epoch));
  shuffle(std::span(numbers), block_draws);

  std::vector<std::int64_t> order;
  order.reserve(static_cast<std::size_t>(n));
  for (const auto number : numbers) {
    const auto i = static_cast<std::size_t>(number);
    const auto end = i + 1 < blocks.size() ? blocks[i + 1] : n;
    for (auto sample = blocks[i]; sample < end; ++sample) order.push_back(sample);
  }
  PhiloxStream window_draws(seed, kWindowStream, static_cast<std::uint64_t>(epoch));
  for (std::size_t begin = 0; begin < order.size(); begin += static_cast<std::size_t>(window))
    shuffle(std::span(order).subspan(begin, std::min(static_cast<std::size_t>(window), order.size() - begin)),
            window_draws);
  return order;
}

std::vector<std::int64_t> balanced_order(std::span<const std::int64_t> labels, std::int64_t classes, std::uint64_t seed,
                                         std::int64_t epoch) {
  std::vector<std::vector<std::int64_t>> by_class(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i)
    by_class.at(static_cast<std::size_t>(labels[i])).push_back(static_cast<std::int64_t>(i));
  std::erase_if(by_class, [](const auto& samples) { return samples.empty(); });
  PhiloxStream random(seed, kBalancedStream, static_cast<std::uint64_t>(epoch));
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto& samples = by_class[random.below(static_cast<std::uint32_t>(by_class.size()))];
    order.push_back(samples[random.below(static_cast<std::uint32_t>(samples.size()))]);
  }
  return order;
}

}  // namespace fer
