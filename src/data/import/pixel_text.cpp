#include "data/import/pixel_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "data/import/text_file.h"
#include "kernels/digits.h"

namespace fer {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the next value and the separator after it off `text`. @return the value's text, maybe empty.
std::string_view take_value(std::string_view& text, char separator) {
  const auto end = separator == ' ' ? std::find_if(text.begin(), text.end(), is_blank)
                                    : std::find(text.begin(), text.end(), separator);
  const auto value = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(std::min(value.size() + 1, text.size()));
  if (separator == ' ') text = without_blanks(text);
  return value;
}

std::uint8_t byte_of(std::string_view value, std::size_t index) {
  std::uint32_t number = 0;
  const bool digits =
      !value.empty() && value.size() <= 3 && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  for (const char c : value.substr(0, digits ? 3 : 0)) number = 10 * number + static_cast<std::uint32_t>(c - '0');
  if (!digits || number > 255)
    throw LineFault{
        fmt::format("value {} is '{}', but must be a whole number from 0 to 255", index + 1, excerpt(value))};
  return static_cast<std::uint8_t>(number);
}

}  // namespace

std::int64_t count_pixels(std::string_view text, char separator) {
  std::int64_t count = 0;
  if (separator == ' ') text = without_blanks(text);
  const bool ends_with_separator = separator != ' ' && text.ends_with(separator);
  while (!text.empty()) {
    take_value(text, separator);
    ++count;
  }
  return count + (ends_with_separator ? 1 : 0);
}

void parse_pixels(std::string_view text, char separator, std::span<std::uint8_t> pixels) {
  const auto whole = separator == ' ' ? without_blanks(text) : text;
  auto rest = whole;
  auto i = parse_digit_run(rest, separator, pixels);
  if (separator == ' ') rest = without_blanks(rest);
  for (; i < pixels.size(); ++i) {
    if (rest.empty() && !whole.ends_with(separator))
      throw LineFault{fmt::format("it has {} pixels, but must have {}", i, pixels.size())};
    pixels[i] = byte_of(take_value(rest, separator), i);
  }
  const bool separator_left = separator != ' ' && whole.ends_with(separator);
  if (!rest.empty() || separator_left)
    throw LineFault{fmt::format("it has {} pixels, but must have {}", count_pixels(whole, separator), pixels.size())};
}

}  // namespace fer
