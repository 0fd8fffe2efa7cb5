#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fer {

/// Reads whole numbers from 0 to 255, of one to three digits each and exactly one separator behind each: a vector of
/// text at a time, as wide as this processor has. Stops ahead of the vector that holds anything else (another byte, two
/// separators, a number too large or too long), and ahead of the last bytes of `text` and the last of `pixels`. What
/// is left is for a reader that can say what is wrong; without vectors, that is all of it.
/// @param text       on return it begins after the numbers read and their separators.
/// @param separator  a byte below '0', such as ' ' or ','.
/// @param pixels     where the numbers go; what lies behind the last one may be overwritten too.
/// @return how many numbers were read.
std::size_t parse_digit_run(std::string_view& text, char separator, std::span<std::uint8_t> pixels);

}  // namespace fer
