#include "data/import/face_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "base/error.h"
#include "base/text.h"
#include "data/import/csv_fields.h"

namespace fer {

Usage usage_of(std::string_view field) {
  const auto word = lower_case(field);
  if (word == "training") return Usage::kTraining;
  if (word == "publictest") return Usage::kPublicTest;
  if (word == "privatetest") return Usage::kPrivateTest;
  throw LineFault{fmt::format("the usage is '{}', but must be Training, PublicTest or PrivateTest", excerpt(field))};
}

std::int64_t whole_number(std::string_view field, const char* column) {
  std::int64_t number = 0;
  const bool digits = !field.empty() && std::ranges::all_of(field, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || std::from_chars(field.data(), field.data() + field.size(), number).ec != std::errc{})
    throw LineFault{fmt::format("{} is '{}', but must be a whole number from 0", column, excerpt(field))};
  return number;
}

std::string first_line(const std::filesystem::path& path) {
  constexpr std::size_t kLongestHeader = 65536;
  std::ifstream stream(path, std::ios::binary);
  std::string text(kLongestHeader, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const auto end = text.find('\n');
  if (end == std::string::npos && text.size() == kLongestHeader) return {};
  text.resize(std::min(end, text.size()));
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::vector<std::string> header_names(const std::string& line) {
  std::vector<std::string_view> fields;
  try {
    split_fields(line, fields);
  } catch (const LineFault&) {
    return {};
  }
  std::vector<std::string> names;
  for (const auto field : fields) names.push_back(lower_case(field));
  return names;
}

bool FaceTable::recognises(const std::filesystem::path& path) {
  const auto names = header_names(first_line(path));
  return std::ranges::find(names, "pixels") != names.end();
}

FaceTable::FaceTable(const std::filesystem::path& path, int threads) : file_(path) {
  read_header(first_line(path));
  rows_ = scan_rows<FaceRow>(file_, threads, bad_lines_,
                             [&](TextSpan span, std::string_view line) { return parse_row(span, line); });
  // The header was scanned like a row, since blocks know nothing of each other.
  if (!rows_.empty() && rows_.front().line == 1) rows_.erase(rows_.begin());
  if (!bad_lines_.empty() && bad_lines_.front().number == 1) bad_lines_.erase(bad_lines_.begin());
}

void FaceTable::read_header(std::string_view header) {
  const auto names = header_names(std::string(header));
  columns_ = names.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    int* const column = names[i] == "pixels"    ? &pixel_column_
                        : names[i] == "emotion" ? &label_column_
                        : names[i] == "usage"   ? &usage_column_
                        : names[i] == "id"      ? &id_column_
                                                : nullptr;
    if (column == nullptr) {
      ignored_columns_.push_back(names[i]);
      continue;
    }
    require(*column < 0, ExitCode::kBadInput,
            fmt::format("'{}' line 1: there are two columns '{}'.", file_.path().string(), names[i]));
    *column = static_cast<int>(i);
  }
  require(pixel_column_ >= 0, ExitCode::kBadInput,
          fmt::format("'{}' line 1: there is no column 'pixels' among {}.", file_.path().string(), join(names)));
}

FaceRow FaceTable::parse_row(TextSpan span, std::string_view line) const {
  thread_local std::vector<std::string_view> fields;
  split_fields(line, fields);
  if (fields.size() != columns_)
    throw LineFault{fmt::format("it has {} fields, but the header names {}", fields.size(), columns_)};
  const auto field = [&](int column) { return fields[static_cast<std::size_t>(column)]; };
  FaceRow row;
  const auto pixels = field(pixel_column_);
  row.pixels = {span.offset + (pixels.data() - line.data()), static_cast<std::int64_t>(pixels.size())};
  if (has_labels()) {
    const auto label = whole_number(field(label_column_), "the emotion");
    if (label > 254) throw LineFault{fmt::format("the emotion is {}, but must be below 255", label)};
    row.label = static_cast<std::uint8_t>(label);
  }
  if (has_usage()) row.usage = usage_of(field(usage_column_));
  if (has_ids()) row.id = whole_number(field(id_column_), "the id");
  return row;
}

}  // namespace fer
