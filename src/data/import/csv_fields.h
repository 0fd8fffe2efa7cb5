#pragma once

#include <string_view>
#include <vector>

namespace fer {

/// Splits a line at its commas; blanks around a field and quotes around it are taken off. A quoted field may hold
/// commas but no quotes of its own. `fields` is filled anew and points into `line`.
/// @throws LineFault for a quote that is not closed or stands in mid-field.
void split_fields(std::string_view line, std::vector<std::string_view>& fields);

}  // namespace fer
