#include "base/text_table.h"

#include <algorithm>

#include "base/text.h"

namespace fer {
namespace {

constexpr int kTerminalColumns = 80, kLabelColumns = 7;

std::string blanks(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

}  // namespace

int columns_of(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::string> labelled_lines(std::string_view label, std::string_view text) {
  std::vector<std::string> lines{std::string(label) + blanks(kLabelColumns - columns_of(label))};
  bool begins = true;
  for (const auto& word : split_text(text, ' ')) {
    if (!begins && columns_of(lines.back()) + 1 + columns_of(word) > kTerminalColumns) {
      lines.push_back(blanks(kLabelColumns));
      begins = true;
    }
    lines.back() += (begins ? "" : " ") + word;
    begins = false;
  }
  return lines;
}

std::vector<std::string> aligned_rows(const std::vector<std::vector<std::string>>& rows) {
  std::vector<int> widths;
  for (const auto& row : rows)
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column == widths.size()) widths.push_back(0);
      widths[column] = std::max(widths[column], columns_of(row[column]));
    }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (std::size_t column = 0; column < row.size(); ++column) {
      const auto padding = blanks(widths[column] - columns_of(row[column]));
      line += column == 0 ? row[column] + padding : "  " + padding + row[column];
    }
  }
  return lines;
}

}  // namespace fer
