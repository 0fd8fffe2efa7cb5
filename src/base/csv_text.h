#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fer {

/// `text` as a field of a CSV file: in quotes, as RFC 4180 says, if it holds a comma, a quote or an end of line.
std::string csv_field(const std::string& text);

/// Reads a CSV file with a header, row by row, as RFC 4180 has it: a quoted field may hold commas, ends of line, and
/// quotes if they are doubled. Lines end in \n or \r\n; a byte-order mark and empty lines are passed over.
class CsvFile {
 public:
  /// @throws Error (kBadInput) naming the file if it cannot be read or is empty.
  explicit CsvFile(std::filesystem::path path);

  const std::vector<std::string>& header() const { return header_; }
  /// Goes on to the next row. @return whether there is one.
  /// @throws Error (kBadInput) naming file and line for a quote out of place, or another number of fields than the
  ///         header has.
  bool next();
  /// The line on which this row begins, counted from 1.
  std::int64_t line() const { return line_; }
  /// What this row has in a column, counted from 0.
  const std::string& field(std::size_t column) const { return fields_.at(column); }
  /// The same as a number. @throws Error (kBadInput) naming file, line and column if it is none.
  std::int64_t integer(std::size_t column) const;
  double number(std::size_t column) const;
  /// @throws Error (kBadInput) naming the file, unless it has a submission's two columns: an id and a class's number.
  void require_submission_columns() const;
  /// @throws Error (kBadInput) naming file and line, and saying `what` is wrong there.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  bool read_fields();
  std::string take_quoted();
  std::string take_plain();
  /// Whether a line, or the file, ends here; takes the end of the line.
  bool take_end_of_line();
  template <class Number>
  Number parsed(std::size_t column, const char* kind) const;

  std::filesystem::path path_;
  std::string text_;
  std::size_t position_ = 0;
  std::int64_t lines_begun_ = 1;  // of which the last has text_[position_]
  std::int64_t line_ = 1;
  std::vector<std::string> header_;
  std::vector<std::string> fields_;
};

}  // namespace fer
