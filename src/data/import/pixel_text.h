#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fer {

/// Reads a picture written in digits: exactly `pixels.size()` whole numbers from 0 to 255, of at most three digits
/// each.
/// @param separator  ',' for one comma between two numbers; ' ' for any run of blanks, and some at the ends.
/// @throws LineFault saying which value is wrong and how, or how many there are.
void parse_pixels(std::string_view text, char separator, std::span<std::uint8_t> pixels);

/// How many values a picture of digits has, without judging them.
std::int64_t count_pixels(std::string_view text, char separator);

}  // namespace fer
