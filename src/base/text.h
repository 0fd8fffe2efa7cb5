#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fer {

/// The name in `known` with the fewest edits from `name`. Empty if `known` is.
std::string closest_name(std::string_view name, const std::vector<std::string>& known);

/// "a, b, c"
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

/// The parts between separators; "" gives none.
std::vector<std::string> split_text(std::string_view text, char separator);

/// What a bad value is shown as: a few characters of it, in one line.
std::string excerpt(std::string_view text);

/// "Usage" -> "usage", of ASCII letters alone.
std::string lower_case(std::string_view text);

/// 75.4 -> "1:15", 4000 -> "1:06:40".
std::string clock_text(double seconds);

/// The time now, in UTC, as ISO 8601 to the second; and as 20261121-095021, for names.
std::string utc_now();
std::string utc_stamp();

}  // namespace fer
