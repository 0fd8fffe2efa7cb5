#pragma once

#include <string_view>

namespace fer {

/// The style sheet of every page. Colours of lines are `--series-1` to `--series-8`, which text of that colour is
/// readable in as well: each has a contrast of 4.5 to 1 or more with the paper, in light and in dark. Shades of a table
/// stop at `--heat-most`, where ink can still be read on them.
extern const std::string_view kPageStyle;

/// How many series have colours and dashes of their own.
inline constexpr int kSeriesStyles = 8;

}  // namespace fer
