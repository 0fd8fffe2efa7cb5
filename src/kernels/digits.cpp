#include "kernels/digits.h"

#include <array>
#include <cstring>

// Highway reads this file once for each instruction set, and picks the best one that the processor has at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/digits.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef FER_KERNELS_DIGITS_ONCE
#define FER_KERNELS_DIGITS_ONCE
namespace fer {

constexpr std::size_t kWidest = 64;     // bytes in the longest vectors used
constexpr std::size_t kPiece = 16;      // bytes among which a processor can shuffle
constexpr std::size_t kMostDigits = 3;  // of a number: the bytes that count ahead of a separator

using DigitTable = std::array<std::uint8_t, kPiece>;

alignas(kPiece) constexpr DigitTable kTens{0, 10, 20, 30, 40, 50, 60, 70, 80, 90};
alignas(kPiece) constexpr DigitTable kHundreds{0, 100, 200};
/// By the digit of the hundreds: what tens and ones must be less than. 256 is too much, and so is 300.
alignas(kPiece) constexpr DigitTable kLimits{100, 100, 56};

constexpr std::size_t kPairs = kPiece / 2;
using Picks = std::array<std::uint8_t, kPairs>;

/// For each choice of pairs of bytes in a piece, a bit each: where the chosen ones begin, in their order.
constexpr auto kPicks = [] {
  std::array<Picks, 1 << kPairs> table{};
  for (std::size_t choice = 0; choice < table.size(); ++choice)
    for (std::size_t pair = 0, count = 0; pair < kPairs; ++pair)
      if ((choice >> pair & 1) != 0) table[choice][count++] = static_cast<std::uint8_t>(2 * pair);
  return table;
}();

}  // namespace fer
#endif

HWY_BEFORE_NAMESPACE();
namespace fer {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128  // where a shuffle is a loop

std::size_t parse_run(std::string_view&, char, std::span<std::uint8_t>) {
  return 0;
}

#else

// A block is as many bytes of text as a vector D has; the kMostDigits bytes before it are read too. At each of its
// bytes we work out the number that would end just before it; the separators then tell which of them are meant.

template <class D>
HWY_INLINE hn::Mask<D> is_separator(D d, const std::uint8_t* bytes, std::uint8_t separator) {
  return hn::Eq(hn::LoadU(d, bytes), hn::Set(d, separator));
}

/// What the digits are worth, 0 for separators.
template <class D>
HWY_INLINE hn::Vec<D> digits_at(D d, const std::uint8_t* bytes) {
  return hn::SaturatedSub(hn::LoadU(d, bytes), hn::Set(d, '0'));
}

template <class D>
HWY_INLINE hn::Vec<D> look_up(D d, const DigitTable& table, hn::Vec<D> digits) {
  return hn::TableLookupBytes(hn::LoadDup128(d, table.data()), digits);
}

/// The last two digits of the numbers, 0 to 99.
template <class D>
HWY_INLINE hn::Vec<D> tens_and_ones(D d, const std::uint8_t* block) {
  return hn::Add(look_up(d, kTens, digits_at(d, block - 2)), digits_at(d, block - 1));
}

/// The first of their three digits, 0 if they have fewer.
template <class D>
HWY_INLINE hn::Vec<D> hundreds_digits(D d, const std::uint8_t* block, std::uint8_t separator) {
  return hn::IfThenZeroElse(is_separator(d, block - 2, separator), digits_at(d, block - 3));
}

template <class D>
HWY_INLINE hn::Vec<D> numbers_before(D d, const std::uint8_t* block, std::uint8_t separator) {
  return hn::Add(look_up(d, kHundreds, hundreds_digits(d, block, separator)), tens_and_ones(d, block));
}

/// Whether each byte is a digit with at most two more before it, or a separator behind a number up to 255.
template <class D>
HWY_INLINE bool is_regular(D d, const std::uint8_t* block, std::uint8_t separator) {
  const auto ends_before_1 = is_separator(d, block - 1, separator),
             ends_before_2 = is_separator(d, block - 2, separator),
             ends_before_3 = is_separator(d, block - 3, separator);
  const auto is_digit = hn::Lt(hn::Sub(hn::LoadU(d, block), hn::Set(d, '0')), hn::Set(d, 10));
  const auto is_short = hn::Or(hn::Or(ends_before_1, ends_before_2), ends_before_3);
  const auto limits = look_up(d, kLimits, hundreds_digits(d, block, separator));
  const auto is_number = hn::AndNot(ends_before_1, hn::Lt(tens_and_ones(d, block), limits));
  return hn::AllTrue(d, hn::Or(hn::And(is_digit, is_short), hn::And(is_separator(d, block, separator), is_number)));
}

/// Puts the numbers of a regular block one after the other. Writes up to half as many bytes as the block has.
/// @return how many numbers there are.
template <class D>
HWY_INLINE std::size_t store_numbers(D d, const std::uint8_t* block, std::uint8_t separator, std::uint8_t* pixels) {
  // Two numbers never end side by side, so that a pair of bytes has room for the one that may end in it.
  const hn::RepartitionToWide<D> pairs;
  const auto ends = is_separator(d, block, separator);
  const auto ends_in_pair = hn::Ne(hn::BitCast(pairs, hn::VecFromMask(d, ends)), hn::Zero(pairs));
  const auto numbers = hn::BitCast(pairs, hn::IfThenElseZero(ends, numbers_before(d, block, separator)));
  alignas(kWidest) std::uint8_t first_of_pair[kWidest];
  hn::Store(hn::BitCast(d, hn::Or(numbers, hn::ShiftRight<8>(numbers))), d, first_of_pair);
  std::uint8_t choices[8];  // as many as the call may write; kWidest / kPiece of them have a meaning
  hn::StoreMaskBits(pairs, ends_in_pair, choices);

  const hn::CappedTag<std::uint8_t, kPiece> piece;
  const hn::CappedTag<std::uint8_t, kPairs> half;
  std::size_t count = 0;
  for (std::size_t i = 0; i < hn::Lanes(d) / kPiece; ++i) {
    const auto picks = hn::LoadU(half, kPicks[choices[i]].data());
    hn::StoreU(hn::TableLookupBytes(hn::Load(piece, first_of_pair + i * kPiece), picks), half, pixels + count);
    count += hwy::PopCount(choices[i]);
  }
  return count;
}

/// parse_digit_run() by blocks of one size.
template <class D>
HWY_INLINE std::size_t parse_blocks(D d, std::string_view& text, char separator, std::span<std::uint8_t> pixels) {
  const std::size_t size = hn::Lanes(d);
  if (text.size() < size) return 0;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto separator_byte = static_cast<std::uint8_t>(separator);

  std::uint8_t beginning[kMostDigits + kWidest];  // nothing may be read ahead of the text, so its first block is copied
  std::memset(beginning, separator_byte, kMostDigits);
  std::memcpy(beginning + kMostDigits, bytes, size);

  std::size_t at = 0, count = 0;
  for (; text.size() - at >= size && pixels.size() - count >= size / 2; at += size) {
    const std::uint8_t* block = at == 0 ? beginning + kMostDigits : bytes + at;
    if (!is_regular(d, block, separator_byte)) break;
    count += store_numbers(d, block, separator_byte, pixels.data() + count);
  }
  while (at > 0 && text[at - 1] != separator) --at;  // the number that goes on in the next block is not read yet
  text.remove_prefix(at);
  return count;
}

std::size_t parse_run(std::string_view& text, char separator, std::span<std::uint8_t> pixels) {
  const std::size_t count = parse_blocks(hn::CappedTag<std::uint8_t, kWidest>(), text, separator, pixels);
  return count + parse_blocks(hn::CappedTag<std::uint8_t, kPiece>(), text, separator, pixels.subspan(count));
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace fer
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace fer {

HWY_EXPORT(parse_run);

std::size_t parse_digit_run(std::string_view& text, char separator, std::span<std::uint8_t> pixels) {
  return HWY_DYNAMIC_DISPATCH(parse_run)(text, separator, pixels);
}

}  // namespace fer

#endif  // HWY_ONCE
