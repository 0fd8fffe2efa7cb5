#include "data/import/csv_fields.h"

#include <algorithm>

#include "data/import/text_file.h"

namespace fer {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the next field and its comma off `rest`. @return whether a further field follows.
bool take_field(std::string_view& rest, std::string_view& field) {
  const auto begin = std::min(rest.find_first_not_of(" \t"), rest.size());
  const bool quoted = begin < rest.size() && rest[begin] == '"';
  auto search_from = begin;
  if (quoted) {
    const auto closing = rest.find('"', begin + 1);
    if (closing == std::string_view::npos) throw LineFault{"a quote is opened but not closed"};
    search_from = closing + 1;
  }
  const auto comma = rest.find(',', search_from);
  field = trimmed(rest.substr(0, comma));
  rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  if (quoted && field.size() >= 2) field = field.substr(1, field.size() - 2);
  if (field.find('"') != std::string_view::npos) throw LineFault{"a quote stands in the middle of a field"};
  if (quoted) field = trimmed(field);
  return comma != std::string_view::npos;
}

}  // namespace

void split_fields(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  for (bool more = true; more;) more = take_field(line, fields.emplace_back());
}

}  // namespace fer
