#include "base/crc32c.h"

#include <array>

namespace fer {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // bit 0 is the highest power

/// What a byte at the end of a message makes of its remainder.
constexpr auto kOfByte = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = byte;
    for (int bit = 0; bit < 8; ++bit) table[byte] = (table[byte] >> 1) ^ ((table[byte] & 1) != 0 ? kPolynomial : 0);
  }
  return table;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t remainder = ~std::uint32_t{0};
  for (const char byte : bytes)
    remainder = (remainder >> 8) ^ kOfByte[(remainder ^ static_cast<std::uint8_t>(byte)) & 0xFF];
  return ~remainder;
}

}  // namespace fer
