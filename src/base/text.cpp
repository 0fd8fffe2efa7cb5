#include "base/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace fer {
namespace {

/// Insertions, deletions and substitutions that lead from one name to the other (Levenshtein).
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t substituted = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::tm utc() {
  return fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
}

}  // namespace

std::string closest_name(std::string_view name, const std::vector<std::string>& known) {
  const auto closest =
      std::ranges::min_element(known, {}, [&](const std::string& candidate) { return edit_distance(name, candidate); });
  return closest == known.end() ? std::string() : *closest;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::vector<std::string> split_text(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string excerpt(std::string_view text) {
  std::string shown(text.substr(0, 20));
  std::ranges::replace_if(
      shown, [](unsigned char c) { return c < 32 || c > 126; }, '?');
  return shown;
}

std::string lower_case(std::string_view text) {
  std::string lower;
  for (const char c : text)  // not std::tolower, whose result depends on the locale
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return lower;
}

std::string clock_text(double seconds) {
  const auto total = static_cast<long>(std::lround(std::max(seconds, 0.0)));
  if (total < 3600) return fmt::format("{}:{:02}", total / 60, total % 60);
  return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc());
}

std::string utc_stamp() {
  return fmt::format("{:%Y%m%d-%H%M%S}", utc());
}

}  // namespace fer
