#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace fer {

/// One picture on its way from a source into a shard.
struct Sample {
  std::vector<std::uint8_t> pixels;  // height x width, row by row
  std::optional<std::uint8_t> label;
  std::int64_t id = 0;
  std::vector<std::uint8_t> votes;  // for each class; empty where the label is all that is known
};

}  // namespace fer
