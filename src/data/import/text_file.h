#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fer {

/// Where a stretch of a text file lies.
struct TextSpan {
  std::int64_t offset = 0;  // bytes from the file's start
  std::int64_t length = 0;  // bytes
};

/// Refuses a line while it is looked at; the scan adds the file's name and the line's number.
struct LineFault {
  std::string what;
};

/// A line that was refused.
struct BadLine {
  std::int64_t number = 0;  // counted from 1
  std::string what;
};

/// A text file of lines that is read in pieces, so that a file larger than memory will do, and one that shrinks under
/// the reader is an error rather than the end of the process. Lines end in \n or \r\n; the last end may be missing. A
/// byte-order mark is passed over, and so are ends of line after the last line.
class TextFile {
 public:
  /// @throws Error (kBadInput) naming the file if it cannot be read, is empty, or is UTF-16.
  explicit TextFile(std::filesystem::path path);
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  ~TextFile();

  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }
  /// Whether the last line lacks its end, as where a copy was cut.
  bool ends_in_mid_line() const { return ends_in_mid_line_; }
  /// The bytes of `span`, in `buffer`. Threads may call it at once, each with its own buffer.
  /// @throws Error (kBadInput) if the file has become shorter.
  std::string_view read(TextSpan span, std::string& buffer) const;

  /// Looks at every line once, blocks of lines in parallel: `look(block, number_in_block, span, line)` is called in
  /// order within a block of the file, with lines counted from 0 from the block's first. It may throw LineFault.
  /// @return for each block the number of lines before it, and the refused lines in order.
  struct Scan {
    std::vector<std::int64_t> lines_before;
    std::vector<BadLine> bad_lines;
    std::int64_t lines = 0;
  };
  using Look = std::function<void(std::size_t block, std::int64_t line_in_block, TextSpan span, std::string_view line)>;
  Scan scan(int threads, const Look& look) const;
  /// The number of blocks that scan() will use.
  std::size_t block_count() const;

 private:
  struct BlockResult;
  void scan_block(std::size_t block, const Look& look, BlockResult& result) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t begin_ = 0;  // after a byte-order mark
  std::int64_t end_ = 0;    // before trailing ends of line
  std::int64_t size_ = 0;
  bool ends_in_mid_line_ = false;
};

/// Scans a file into a vector of what `parse(span, line)` makes of each line, in order; Row has an int64 member `line`,
/// which is set to the line's number, counted from 1. Refused lines are left out of the rows and added to `bad_lines`.
template <class Row, class Parse>
std::vector<Row> scan_rows(const TextFile& file, int threads, std::vector<BadLine>& bad_lines, const Parse& parse) {
  std::vector<std::vector<Row>> blocks(file.block_count());
  const auto scan =
      file.scan(threads, [&](std::size_t block, std::int64_t line_in_block, TextSpan span, std::string_view line) {
        Row row = parse(span, line);
        row.line = line_in_block;
        blocks[block].push_back(std::move(row));
      });
  std::size_t count = 0;
  for (const auto& block : blocks) count += block.size();
  std::vector<Row> rows;
  rows.reserve(count);
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    for (Row& row : blocks[block]) {
      row.line += scan.lines_before[block] + 1;
      rows.push_back(std::move(row));
    }
    blocks[block] = {};
  }
  bad_lines.insert(bad_lines.end(), scan.bad_lines.begin(), scan.bad_lines.end());
  return rows;
}

}  // namespace fer
