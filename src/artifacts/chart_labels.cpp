#include "artifacts/chart_labels.h"

#include <algorithm>
#include <ranges>

namespace fer {
namespace {

constexpr std::size_t kMostLetters = 14;

bool begins_letter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

/// Where letter `index` of UTF-8 text begins.
std::size_t position(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at)
    if (begins_letter(text[at]) && seen++ == index) break;
  return at;
}

}  // namespace

void spread(std::vector<ChartLabel>& labels, double top, double bottom, double height) {
  std::ranges::stable_sort(labels, {}, &ChartLabel::line_y);
  double least = top;
  for (auto& label : labels) {
    label.y = std::max(label.line_y, least);
    least = label.y + height;
  }
  double most = bottom;
  for (auto& label : std::views::reverse(labels)) {
    label.y = std::min(label.y, most);
    most = label.y - height;
  }
}

std::size_t letters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_letter));
}

std::string short_name(std::string_view name) {
  const auto count = letters(name);
  if (count <= kMostLetters) return std::string(name);
  const auto half = (kMostLetters - 1) / 2;
  const auto head = name.substr(0, position(name, kMostLetters - 1 - half));
  return std::string(head) + "…" + std::string(name.substr(position(name, count - half)));
}

}  // namespace fer
