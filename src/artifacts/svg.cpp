#include "artifacts/svg.h"

#include <fmt/format.h>

#include "artifacts/html.h"

namespace fer {

std::string svg_line(std::string_view style, double x1, double y1, double x2, double y2) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, x1, y1,
                     x2, y2);
}

std::string svg_text(std::string_view anchor, double x, double y, std::string_view text, std::string_view style) {
  return fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n",
                     style.empty() ? "" : fmt::format(" class=\"{}\"", style), x, y, anchor, escaped(text));
}

}  // namespace fer
