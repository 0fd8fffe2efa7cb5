#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fer {

/// Columns that a text takes on a terminal: of UTF-8 one for each code point.
int columns_of(std::string_view text);

/// `label  text`: the text begins in the eighth column, and goes on there in further lines, broken at blanks, where 80
/// columns are full. A longer word, such as a path, stays whole.
std::vector<std::string> labelled_lines(std::string_view label, std::string_view text);

/// Rows of as many cells, two blanks between columns: the first to the left, the others to the right.
std::vector<std::string> aligned_rows(const std::vector<std::vector<std::string>>& rows);

}  // namespace fer
