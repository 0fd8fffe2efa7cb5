#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/host_device.h"
#include "kernels/philox.h"

namespace fer {

/// Dropout (Srivastava et al., JMLR 15, 2014) whose numbers depend on what is dropped and not on who computes it: an
/// output of a layer has a row, which is its picture's place in the batch of all ranks, and a position in that row.
struct DropoutMask {
  std::uint64_t seed;
  std::uint32_t layer;
  std::uint32_t step;
  std::uint32_t first_row;  // the place in the batch of the maps' row 0
  std::uint32_t threshold;  // of kDraws outputs so many are kept

  /// @param rate  in [0, 1)
  static DropoutMask with_rate(double rate, std::uint64_t seed, std::uint32_t layer, std::uint32_t step) {
    return {seed, layer, step, 0, static_cast<std::uint32_t>((1 - rate) * kDraws + 0.5)};
  }
  /// What is kept is multiplied by this, which keeps the expected sum.
  FER_HOST_DEVICE float factor() const { return static_cast<float>(kDraws / static_cast<double>(threshold)); }

  static constexpr std::size_t kGroup = 128;  // positions whose numbers are drawn together: eight for each of 16 blocks
  static constexpr std::size_t kBlocks = 16;
  static constexpr double kDraws = 65536;

  /// The same, for maps that begin at a later row.
  DropoutMask from(std::size_t row) const {
    DropoutMask mask = *this;
    mask.first_row += static_cast<std::uint32_t>(row);
    return mask;
  }

  /// The counter of block `lane` of group `group`.
  FER_HOST_DEVICE PhiloxBlock counter(std::size_t row, std::size_t group, std::size_t lane) const {
    return {
        {static_cast<std::uint32_t>(group * kBlocks + lane), layer, first_row + static_cast<std::uint32_t>(row), step}};
  }
  FER_HOST_DEVICE PhiloxKey key() const {
    return {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  }

  /// Neighbouring positions come from neighbouring blocks, so that vectors of any length hold whole positions.
  FER_HOST_DEVICE bool keeps(std::size_t row, std::size_t position) const {
    const std::size_t piece = position % kGroup / kBlocks;
    const PhiloxBlock block = philox4x32(counter(row, position / kGroup, position % kBlocks), key());
    return (block.word[piece / 2] >> (piece % 2 * 16) & 0xFFFFu) < threshold;
  }
};

/// maps[row][position] *= factor() or 0, as keeps() says. All of it is done in float.
/// @param maps  [rows, size]
template <class T>
void drop(const DropoutMask& dropout, std::size_t rows, std::size_t size, T* maps);

}  // namespace fer
