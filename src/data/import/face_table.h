#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/import/text_file.h"

namespace fer {

/// What a column `Usage` says of a row.
enum class Usage : std::uint8_t { kNone, kTraining, kPublicTest, kPrivateTest };

/// A row of a table of faces: what its line says, but for the pixels, which are read when they are needed. Kept small:
/// a file of 10 GB has more than a million of them.
struct FaceRow {
  std::int64_t line = 0;  // counted from 1
  TextSpan pixels;
  std::optional<std::int64_t> id;
  std::optional<std::uint8_t> label;
  Usage usage = Usage::kNone;  // without such a column
};

/// A CSV file with a header line that names a column `pixels` (numbers separated by blanks) and perhaps `emotion` (a
/// number), `Usage` and `id`, in any order and case.
class FaceTable {
 public:
  /// Reads all of the file but the pixels.
  /// @throws Error (kBadInput) naming file and column if the header does not say where the pixels are.
  FaceTable(const std::filesystem::path& path, int threads);

  /// Whether the first line of a file is such a header.
  static bool recognises(const std::filesystem::path& path);

  const TextFile& file() const { return file_; }
  const std::vector<FaceRow>& rows() const { return rows_; }
  /// Hands the rows over, and has none afterwards.
  std::vector<FaceRow> take_rows() { return std::move(rows_); }
  /// Lines that no row could be made of.
  const std::vector<BadLine>& bad_lines() const { return bad_lines_; }
  bool has_labels() const { return label_column_ >= 0; }
  bool has_usage() const { return usage_column_ >= 0; }
  bool has_ids() const { return id_column_ >= 0; }
  /// Names of columns that say nothing to us.
  const std::vector<std::string>& ignored_columns() const { return ignored_columns_; }

 private:
  void read_header(std::string_view header);
  FaceRow parse_row(TextSpan span, std::string_view line) const;

  TextFile file_;
  int pixel_column_ = -1;
  int label_column_ = -1;
  int usage_column_ = -1;
  int id_column_ = -1;
  std::size_t columns_ = 0;
  std::vector<std::string> ignored_columns_;
  std::vector<FaceRow> rows_;
  std::vector<BadLine> bad_lines_;
};

/// @throws LineFault saying what stands there instead.
Usage usage_of(std::string_view field);

/// A whole number of a field. @throws LineFault naming the column and what stands there.
std::int64_t whole_number(std::string_view field, const char* column);

/// The first line of a file, without its end; empty where there is none to be read or it has more than 65,536 bytes.
std::string first_line(const std::filesystem::path& path);

/// The fields of a header line, in lower case. Empty if the line is no list of fields.
std::vector<std::string> header_names(const std::string& line);

}  // namespace fer
