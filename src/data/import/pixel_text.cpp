#include "data/import/pixel_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "data/import/text_file.h"

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

/// Bit i tells that byte i of eight is no digit.
std::uint32_t non_digits(const char* text) {
  constexpr std::uint64_t kZeros = 0x3030303030303030;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  constexpr std::uint64_t kAboveNine = 0x7676767676767676;  // 0x80 - 10 in each byte
  constexpr std::uint64_t kGather = 0x0002040810204081;     // brings the eight high bits together
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof(bytes));
  bytes ^= kZeros;  // digits become 0 to 9
  const std::uint64_t marked = (((bytes & ~kHighBits) + kAboveNine) | bytes) & kHighBits;
  return static_cast<std::uint32_t>(marked * kGather >> 56);
}

/// Numbers with exactly one separator between two. Finds the separators of 64 bytes at once, then takes one number
/// after the other; no branch depends on how many digits a number has, which no processor could foresee. Stops ahead of
/// anything else, and of the last bytes.
/// @return how many numbers were read; `text` begins after them.
std::size_t parse_regular(std::string_view& text, char separator, std::span<std::uint8_t> pixels) {
  constexpr std::ptrdiff_t kBlock = 64;
  constexpr std::ptrdiff_t kReadAhead = 4;  // a number is read as four bytes
  const char* begin = text.data();          // of the next number
  const char* block = text.data();
  const char* const end = text.data() + text.size();
  std::size_t done = 0;
  for (; end - block >= kBlock + kReadAhead && pixels.size() - done >= kBlock; block += kBlock) {
    std::uint64_t ends = 0;
    for (int i = 0; i < 8; ++i) ends |= static_cast<std::uint64_t>(non_digits(block + 8 * i)) << (8 * i);
    const char* const block_begin = begin;
    const std::size_t block_done = done;
    std::uint32_t faults = 0;
    for (; ends != 0; ends &= ends - 1) {
      const char* const number_end = block + std::countr_zero(ends);
      const auto digits = static_cast<std::uint32_t>(number_end - begin);
      std::uint32_t bytes = 0;
      std::memcpy(&bytes, begin, sizeof(bytes));
      // As if written with leading zeros: hundreds, tens and ones in bytes 1 to 3, the ones in the highest.
      const std::uint32_t places = (bytes ^ 0x30303030U) << (8 * (4 - digits) & 31);
      const std::uint32_t number = (places >> 24) + 10 * (places >> 16 & 0xFF) + 100 * (places >> 8 & 0xFF);
      faults |= static_cast<std::uint32_t>(digits - 1 > 2) | static_cast<std::uint32_t>(*number_end != separator) |
                static_cast<std::uint32_t>(number > 255);
      pixels[done++] = static_cast<std::uint8_t>(number);
      begin = number_end + 1;
    }
    if (faults != 0) {
      begin = block_begin;
      done = block_done;
      break;
    }
  }
  text.remove_prefix(static_cast<std::size_t>(begin - text.data()));
  return done;
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
  auto i = parse_regular(rest, separator, pixels);
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
