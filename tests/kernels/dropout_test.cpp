#include "kernels/dropout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace fer {
namespace {

std::vector<float> dropped_ones(const DropoutMask& mask, std::size_t rows, std::size_t size) {
  std::vector<float> maps(rows * size, 1.0f);
  drop(mask, rows, size, maps.data());
  return maps;
}

}  // namespace

// Vectors draw the numbers of many positions at once; keeps() tells one.
TEST(DropoutMask, DropsWhatItsFormulaTells) {
  const auto mask = DropoutMask::with_rate(0.3, 11, 2, 5).from(7);
  for (const std::size_t size : {1, 15, 16, 100, 128, 1000}) {
    const auto maps = dropped_ones(mask, 3, size);
    for (std::size_t row = 0; row < 3; ++row)
      for (std::size_t i = 0; i < size; ++i)
        EXPECT_EQ(maps[row * size + i], mask.keeps(row, i) ? mask.factor() : 0) << row << ", " << i << " of " << size;
  }
}

TEST(DropoutMask, DropsTheRateAndKeepsTheMean) {
  constexpr std::size_t kRows = 64, kSize = 4096;
  for (const double rate : {0.05, 0.25, 0.5, 0.9}) {
    const auto maps = dropped_ones(DropoutMask::with_rate(rate, 3, 0, 1), kRows, kSize);
    double kept = 0, sum = 0;
    for (const float value : maps) {
      kept += value != 0;
      sum += value;
    }
    const double count = kRows * kSize, deviation = std::sqrt(rate * (1 - rate) / count);
    EXPECT_NEAR(kept / count, 1 - rate, 4 * deviation);
    EXPECT_NEAR(sum / count, 1, 4 * deviation / (1 - rate));
  }
}

// Ranks that share a batch drop what one rank would with the whole of it.
TEST(DropoutMask, PartsOfABatchDropWhatTheWholeDoes) {
  const auto mask = DropoutMask::with_rate(0.5, 1, 4, 9);
  const auto whole = dropped_ones(mask, 6, 200), part = dropped_ones(mask.from(4), 2, 200);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 4 * 200));
}

TEST(DropoutMask, SeedsLayersStepsAndRowsDiffer) {
  const auto mask = DropoutMask::with_rate(0.5, 1, 2, 3);
  const auto of = [](const DropoutMask& other) { return dropped_ones(other, 1, 256); };
  for (const auto& other : {DropoutMask::with_rate(0.5, 2, 2, 3), DropoutMask::with_rate(0.5, 1, 3, 3),
                            DropoutMask::with_rate(0.5, 1, 2, 4), mask.from(1)})
    EXPECT_NE(of(mask), of(other));
}

}  // namespace fer
