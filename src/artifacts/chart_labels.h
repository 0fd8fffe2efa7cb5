#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fer {

/// The name of a line, written beside its end.
struct ChartLabel {
  std::size_t series = 0;
  double line_x = 0;  // where the line ends
  double line_y = 0;
  double y = 0;  // of the name
};

/// Puts each label as near to the end of its line as the others let it: in the lines' order from top to bottom, no
/// nearer to one another than `height`, within `top` and `bottom` as long as there is room.
void spread(std::vector<ChartLabel>& labels, double top, double bottom, double height);

/// How many letters UTF-8 text has.
std::size_t letters(std::string_view text);

/// A name of at most 14 letters: of a longer one, the beginning and the end.
std::string short_name(std::string_view name);

}  // namespace fer
