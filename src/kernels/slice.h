#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fer {

/// One of `count` parts of some work, all of which may be done at once.
struct Slice {
  std::int64_t index = 0;
  std::int64_t count = 1;

  /// Where this part of a range begins and ends that is cut between steps alone.
  std::size_t begin(std::size_t whole, std::size_t step) const { return cut(whole, step, index); }
  std::size_t end(std::size_t whole, std::size_t step) const { return cut(whole, step, index + 1); }

 private:
  std::size_t cut(std::size_t whole, std::size_t step, std::int64_t at) const {
    const std::size_t steps = (whole + step - 1) / step;
    return std::min(whole, steps * static_cast<std::size_t>(at) / static_cast<std::size_t>(count) * step);
  }
};

}  // namespace fer
