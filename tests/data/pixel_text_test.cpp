#include "data/import/pixel_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "data/import/text_file.h"

namespace fer {
namespace {

std::vector<std::uint8_t> parse(const std::string& text, std::size_t count, char separator = ' ') {
  std::vector<std::uint8_t> pixels(count);
  parse_pixels(text, separator, pixels);
  return pixels;
}

std::string fault_of(const std::string& text, std::size_t count, char separator = ' ') {
  try {
    parse(text, count, separator);
    return "accepted";
  } catch (const LineFault& fault) {
    return fault.what;
  }
}

/// The same rules, written for clarity.
bool strictly_valid(const std::string& text, std::size_t count, std::vector<std::uint8_t>& pixels) {
  pixels.clear();
  std::string digits;
  const auto finish = [&] {
    if (digits.empty()) return true;
    if (digits.size() > 3 || std::stoi(digits) > 255) return false;
    pixels.push_back(static_cast<std::uint8_t>(std::stoi(digits)));
    digits.clear();
    return true;
  };
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (!(c == ' ' || c == '\t') || !finish()) {
      return false;
    }
  }
  return finish() && pixels.size() == count;
}

}  // namespace

TEST(PixelText, EveryValueInEveryPlace) {
  for (int value = 0; value < 256; ++value) {
    const auto digits = std::to_string(value);
    const auto v = static_cast<std::uint8_t>(value);
    EXPECT_EQ(parse(digits + " 7 " + digits + " 88 " + digits + " 199 " + digits, 7),
              (std::vector<std::uint8_t>{v, 7, v, 88, v, 199, v}));
    EXPECT_EQ(parse(digits + "," + digits + "," + digits + "," + digits, 4, ','),
              (std::vector<std::uint8_t>{v, v, v, v}));
  }
}

TEST(PixelText, BlanksMayBeManyButCommasNot) {
  EXPECT_EQ(parse("  1   2\t3  ", 3), (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(fault_of("1,,3", 3, ','), "value 2 is '', but must be a whole number from 0 to 255");
  EXPECT_EQ(fault_of("1, 2,3", 3, ','), "value 2 is ' 2', but must be a whole number from 0 to 255");
  EXPECT_NE(fault_of("1,2,3,", 3, ','), "accepted");
}

TEST(PixelText, FaultsSayWhatIsWrong) {
  EXPECT_EQ(fault_of("1 2", 3), "it has 2 pixels, but must have 3");
  EXPECT_EQ(fault_of("1 2 3 4 5", 3), "it has 5 pixels, but must have 3");
  EXPECT_EQ(fault_of("", 2), "it has 0 pixels, but must have 2");
  EXPECT_EQ(fault_of("1 256 3", 3), "value 2 is '256', but must be a whole number from 0 to 255");
  EXPECT_EQ(fault_of("1 -1 3", 3), "value 2 is '-1', but must be a whole number from 0 to 255");
  EXPECT_EQ(fault_of("10 20 30 40 50 60 70 8.0", 8), "value 8 is '8.0', but must be a whole number from 0 to 255");
  EXPECT_EQ(fault_of("0001 2", 2), "value 1 is '0001', but must be a whole number from 0 to 255");
}

// The fast path takes two values at a time; whatever bytes it meets, the result is the plain reader's.
TEST(PixelText, MutatedRowsAreReadAsThePlainReaderDoesOrRefused) {
  std::mt19937 random(7);
  const std::string alphabet = "0123456789 \t,.-x\"\xFF";
  std::vector<std::uint8_t> expected;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string text;
    const std::size_t count = 1 + random() % 40;
    for (std::size_t i = 0; i < count; ++i) text += (i > 0 ? " " : "") + std::to_string(random() % 256);
    for (auto mutations = random() % 4; mutations > 0; --mutations) {
      const auto at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      if (random() % 2 == 0)
        text[at] = c;
      else
        text.insert(at, 1, c);
    }
    if (strictly_valid(text, count, expected)) {
      EXPECT_EQ(parse(text, count), expected) << text;
    } else {
      EXPECT_NE(fault_of(text, count), "accepted") << text;
    }
  }
}

TEST(PixelText, Counts) {
  EXPECT_EQ(count_pixels(" 1 2  3 ", ' '), 3);
  EXPECT_EQ(count_pixels("1,2,3", ','), 3);
  EXPECT_EQ(count_pixels("1,2,", ','), 3);
  EXPECT_EQ(count_pixels("", ' '), 0);
}

}  // namespace fer
