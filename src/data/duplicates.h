#pragma once

#include <vector>

#include "base/digest.h"
#include "data/manifest.h"

namespace fer {

/// Finds pictures that are equal, pixel for pixel, by the digests of their pixels.
class DuplicateFinder {
 public:
  void add(const Digest& picture, SampleRef sample);
  /// The groups of two or more equal pictures, each in the order of split and row, as are the groups. Linear in the
  /// number of duplicates, however many there are of one picture. Leaves nothing behind: a large dataset's pictures
  /// take a good part of the memory that importing it may use.
  std::vector<std::vector<SampleRef>> take_groups();

 private:
  struct Entry {
    Digest picture;
    std::uint32_t split = 0;
    std::int64_t row = 0;
  };

  std::vector<std::string> splits_;
  std::vector<Entry> entries_;
};

}  // namespace fer
