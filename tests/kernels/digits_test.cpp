#include "kernels/digits.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/each_target.h"

namespace fer {
namespace {

/// Of the numbers that could be read. A block of 16 bytes is left, and a number that goes on in it: 18 bytes, or the
/// room for 8 numbers that it asks for.
std::size_t most_left_unread(std::int64_t target) {
  return target == HWY_SCALAR || target == HWY_EMU128 ? SIZE_MAX : 9;
}

/// A few pages between two that nobody may touch.
class GuardedPages {
 public:
  GuardedPages() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    void* memory = mmap(nullptr, kPages * page_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    first_ = static_cast<char*>(memory);
    if (mprotect(begin(), kPages * page_, PROT_READ | PROT_WRITE) != 0) throw std::runtime_error("mprotect");
  }
  GuardedPages(const GuardedPages&) = delete;
  GuardedPages& operator=(const GuardedPages&) = delete;
  ~GuardedPages() { munmap(first_, kPages * page_ + 2 * page_); }

  /// Where `size` bytes begin that lie against the page ahead, or against the one behind.
  char* place(std::size_t size, bool behind) const { return behind ? begin() + kPages * page_ - size : begin(); }

 private:
  static constexpr std::size_t kPages = 2;

  char* begin() const { return first_ + page_; }

  std::size_t page_;
  char* first_;
};

/// The numbers read and how much of the text they took.
struct Reading {
  std::vector<std::uint8_t> numbers;
  std::size_t bytes;
};

/// The same rules, a number at a time.
Reading read_plainly(const std::string& text, char separator, std::size_t most) {
  Reading reading{{}, 0};
  while (reading.numbers.size() < most) {
    const auto end = text.find(separator, reading.bytes);
    const auto digits = end == std::string::npos ? "" : text.substr(reading.bytes, end - reading.bytes);
    const bool is_number = !digits.empty() && digits.size() <= 3 &&
                           std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || std::stoi(digits) > 255) break;
    reading.numbers.push_back(static_cast<std::uint8_t>(std::stoi(digits)));
    reading.bytes = end + 1;
  }
  return reading;
}

/// By parse_digit_run(), from and into memory that ends where text and pixels do.
Reading read_guarded(const std::string& text, char separator, std::size_t most, bool behind) {
  static const GuardedPages text_pages, pixel_pages;
  char* const guarded = text_pages.place(text.size(), behind);
  std::memcpy(guarded, text.data(), text.size());
  auto* const pixels = reinterpret_cast<std::uint8_t*>(pixel_pages.place(most, behind));
  std::string_view rest(guarded, text.size());
  const auto count = parse_digit_run(rest, separator, {pixels, most});
  EXPECT_EQ(rest.data() + rest.size(), guarded + text.size());
  return {{pixels, pixels + std::min(count, most)}, text.size() - rest.size()};
}

/// Expects the first numbers of the plain reading, and almost all of them.
void expect_plain_reading(const std::string& text, char separator, std::size_t most, std::int64_t target) {
  const auto plain = read_plainly(text, separator, most);
  for (const bool behind : {false, true}) {
    const auto fast = read_guarded(text, separator, most, behind);
    const auto count = fast.numbers.size();
    ASSERT_LE(count, plain.numbers.size()) << text;
    EXPECT_EQ(fast.numbers, std::vector(plain.numbers.begin(), plain.numbers.begin() + static_cast<long>(count)))
        << text;
    EXPECT_EQ(fast.bytes, read_plainly(text, separator, count).bytes) << text;
    EXPECT_LE(plain.numbers.size() - count, most_left_unread(target)) << text;
  }
}

std::string some_numbers(std::mt19937& random, std::size_t count, char separator) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const auto digits = std::to_string(random() % (random() % 2 == 0 ? 256 : 12));
    if (i > 0) text += separator;
    if (digits.size() < 3) text.append(random() % 8 == 0 ? 1 : 0, '0');
    text += digits;
  }
  return text;
}

void mutate(std::string& text, std::mt19937& random) {
  const std::string alphabet = "0123456789 \t,./:-x\"\xB0\xFF";
  for (auto mutations = random() % 4; mutations > 0; --mutations) {
    const auto at = random() % text.size();
    const char c = alphabet[random() % alphabet.size()];
    switch (random() % 3) {
      case 0:
        text[at] = c;
        break;
      case 1:
        text.insert(at, 1, c);
        break;
      default:
        text.erase(at, text.size() > 1 ? 1 : 0);
    }
  }
}

/// So many bytes of numbers.
std::string filling(std::size_t bytes) {
  std::string text(bytes % 2, '1');
  while (text.size() < bytes) text += "1 ";
  return text;
}

TEST(Digits, MutatedTextsAreReadAsThePlainReaderDoesUpToTheFault) {
  on_each_target([](std::int64_t target) {
    std::mt19937 random(7);
    for (int trial = 0; trial < 100000 && !testing::Test::HasFailure(); ++trial) {
      const char separator = random() % 2 == 0 ? ' ' : ',';
      const std::size_t count = 1 + random() % 120;
      auto text = some_numbers(random, count, separator);
      mutate(text, random);
      expect_plain_reading(text, separator, random() % 4 == 0 ? random() % 130 : count, target);
    }
  });
}

// With zeros ahead or without; also what is too large, too long or empty.
TEST(Digits, EveryNumberInEveryPlace) {
  std::vector<std::string> numbers{"", "0000", "0001", "1000"};
  for (int value = 0; value < 1000; ++value)
    for (auto digits = std::to_string(value); digits.size() <= 3; digits.insert(0, 1, '0')) numbers.push_back(digits);
  on_each_target([&](std::int64_t target) {
    for (const auto& number : numbers)
      for (std::size_t place = 0; place < 68 && !testing::Test::HasFailure(); ++place)
        expect_plain_reading(filling(place) + number + " " + filling(64), ' ', 100, target);
  });
}

TEST(Digits, EveryByteInEveryPlace) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "12 3 255 ";
  on_each_target([&](std::int64_t target) {
    for (std::size_t place = 0; place < 68; ++place)
      for (int byte = 0; byte < 256 && !testing::Test::HasFailure(); ++byte) {
        auto changed = text;
        changed[place] = static_cast<char>(byte);
        expect_plain_reading(changed, ' ', 100, target);
      }
  });
}

}  // namespace
}  // namespace fer
