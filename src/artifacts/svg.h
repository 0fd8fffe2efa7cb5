#pragma once

#include <string>
#include <string_view>

namespace fer {

// Elements of a chart's SVG picture; `style` is a class of the page's style sheet.

std::string svg_line(std::string_view style, double x1, double y1, double x2, double y2);

/// @param anchor  which end of the text is at `x`: start, middle or end
/// @param text    not escaped yet
std::string svg_text(std::string_view anchor, double x, double y, std::string_view text, std::string_view style = "");

}  // namespace fer
