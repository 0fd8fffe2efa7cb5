#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fer {

/// The order in which an epoch visits n samples, a permutation of 0 .. n-1 that depends on its arguments alone. Where
/// all fit into one window it is epoch_permutation(): every order equally likely. Where they do not, blocks of
/// neighbouring samples, which are read from the disk together, are shuffled, cut into windows, and shuffled within
/// each: a sample meets others of its window alone, but each epoch's windows are made of other blocks.
/// @param blocks  where blocks begin, ascending from 0; a block ends where the next begins.
/// @param window  samples that are held in memory at once.
std::vector<std::int64_t> epoch_order(std::int64_t n, std::span<const std::int64_t> blocks, std::int64_t window,
                                      std::uint64_t seed, std::int64_t epoch);

/// With replacement: n draws in which every class is equally likely, and every sample of a class. Gives up that an
/// epoch visits each sample once.
/// @param labels  of the n samples, each in [0, classes); classes without samples are passed over.
std::vector<std::int64_t> balanced_order(std::span<const std::int64_t> labels, std::int64_t classes, std::uint64_t seed,
                                         std::int64_t epoch);

}  // namespace fer
