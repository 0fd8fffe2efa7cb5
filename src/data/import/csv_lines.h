#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fer {

/// The lines of a text file, mapped into memory, so that any of them can be had at once. Ends of line are \n or \r\n;
/// the last may be missing. Not a copy: a file that shrinks under the reader takes the process down.
class CsvLines {
 public:
  /// @throws Error (kBadInput) if the file cannot be read or is empty.
  explicit CsvLines(std::filesystem::path path);
  CsvLines(const CsvLines&) = delete;
  CsvLines& operator=(const CsvLines&) = delete;
  ~CsvLines();

  std::int64_t size() const { return static_cast<std::int64_t>(starts_.size()); }
  /// Line `index`, counted from 0, without its end.
  std::string_view line(std::int64_t index) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string_view text_;
  std::vector<std::size_t> starts_;  // where each line begins
};

/// Reads line `index` as exactly `values.size()` whole numbers from 0 to 255, separated by commas.
/// @throws Error (kBadInput) naming file, line, column and what stands there.
void parse_bytes(const CsvLines& lines, std::int64_t index, std::span<std::uint8_t> values);

/// The number of comma-separated values of a line.
std::int64_t count_values(std::string_view line);

}  // namespace fer
