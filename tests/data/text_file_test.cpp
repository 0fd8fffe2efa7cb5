#include "data/import/text_file.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

struct Row {
  std::int64_t line = 0;
  std::string text;
};

class TextFileTest : public testing::Test {
 protected:
  std::vector<Row> rows_of(const std::string& text, int threads = 2) {
    write_text(folder_ / "file.csv", text);
    const TextFile file(folder_ / "file.csv");
    bad_.clear();
    std::string buffer;
    return scan_rows<Row>(file, threads, bad_, [&](TextSpan span, std::string_view line) {
      if (line == "bad") throw LineFault{"it is bad"};
      std::string own_buffer;
      const auto again = file.read({span.offset, static_cast<std::int64_t>(line.size())}, own_buffer);
      EXPECT_EQ(again, line);
      return Row{0, std::string(line)};
    });
  }

  TemporaryFolder folder_;
  std::vector<BadLine> bad_;
};

}  // namespace

TEST_F(TextFileTest, LinesWithAnyEndAndMark) {
  for (const char* text : {"a\nbb\n", "a\r\nbb\r\n", "a\nbb",
                           "\xEF\xBB\xBF"
                           "a\nbb\n",
                           "a\nbb\n\n\r\n"}) {
    const auto rows = rows_of(text);
    ASSERT_EQ(rows.size(), 2U) << text;
    EXPECT_EQ(rows[0].text, "a");
    EXPECT_EQ(rows[1].text, "bb");
    EXPECT_EQ(rows[1].line, 2);
  }
}

TEST_F(TextFileTest, BadLinesAreNumberedAndLeftOut) {
  const auto rows = rows_of("a\nbad\n\nb\nbad\n");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].text, "");
  EXPECT_EQ(rows[2].line, 4);
  ASSERT_EQ(bad_.size(), 2U);
  EXPECT_EQ(bad_[0].number, 2);
  EXPECT_EQ(bad_[1].number, 5);
}

// Blocks are of 4 MiB: lines that end just before, at and after their edges, and lines longer than a block.
TEST_F(TextFileTest, LinesAcrossBlocksAreWholeAndOnce) {
  constexpr std::size_t kBlock = std::size_t{4} << 20;
  for (const std::size_t length : {kBlock - 2, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock + 5}) {
    const auto rows = rows_of(std::string(length, 'x') + "\nsecond\n" + std::string(length, 'y') + "\nlast", 2);
    ASSERT_EQ(rows.size(), 4U) << length;
    EXPECT_EQ(rows[0].text.size(), length);
    EXPECT_EQ(rows[1].text, "second");
    EXPECT_EQ(rows[2].text, std::string(length, 'y'));
    EXPECT_EQ(rows[3].line, 4);
  }
}

TEST_F(TextFileTest, RefusesWhatIsNoText) {
  expect_error(ExitCode::kBadInput, {"file.csv", "UTF-16"}, [&] {
    rows_of(
        std::string("\xFF\xFE"
                    "a\0",
                    4));
  });
  expect_error(ExitCode::kBadInput, {"file.csv", "empty"}, [&] { rows_of(""); });
  expect_error(ExitCode::kBadInput, {"file.csv", "no lines"}, [&] { rows_of("\n\n"); });
  expect_error(ExitCode::kBadInput, {"nowhere"}, [] { TextFile file("nowhere"); });
}

TEST_F(TextFileTest, AShrunkFileIsAnError) {
  write_text(folder_ / "file.csv", "one\ntwo\n");
  const TextFile file(folder_ / "file.csv");
  write_text(folder_ / "file.csv", "one\n");
  std::string buffer;
  expect_error(ExitCode::kBadInput, {"shorter"}, [&] { (void)file.read({4, 3}, buffer); });
}

}  // namespace fer
