#include "base/csv_text.h"

#include <fmt/format.h>

#include <charconv>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"

namespace fer {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

CsvFile::CsvFile(std::filesystem::path path) : path_(std::move(path)), text_(read_file(path_)) {
  if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;
  require(read_fields(), ExitCode::kBadInput, fmt::format("'{}' is empty.", path_.string()));
  header_ = fields_;
}

bool CsvFile::next() {
  if (!read_fields()) return false;
  if (fields_.size() != header_.size())
    refuse(fmt::format("it has {} fields, but the header names {}", fields_.size(), header_.size()));
  return true;
}

bool CsvFile::read_fields() {
  while (position_ < text_.size() && take_end_of_line()) {
  }
  if (position_ == text_.size()) return false;
  line_ = lines_begun_;
  fields_.clear();
  for (bool more = true; more;) {
    const bool quoted = position_ < text_.size() && text_[position_] == '"';
    fields_.push_back(quoted ? take_quoted() : take_plain());
    more = !take_end_of_line();
    if (more && text_[position_++] != ',') refuse("a quote stands in the middle of a field");
  }
  return true;
}

std::string CsvFile::take_quoted() {
  std::string field;
  for (++position_; position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    const bool doubled = c == '"' && text_.compare(position_, 2, "\"\"") == 0;
    if (c == '"' && !doubled) {
      ++position_;
      return field;
    }
    if (doubled) ++position_;
    if (c == '\n') ++lines_begun_;
    field += c;
  }
  refuse("a quote is opened but not closed");
}

std::string CsvFile::take_plain() {
  const auto end = std::min(text_.find_first_of(",\"\n", position_), text_.size());
  std::string field = text_.substr(position_, end - position_);
  position_ = end;
  const bool ends_line = end == text_.size() || text_[end] == '\n';
  if (ends_line && field.ends_with('\r')) field.pop_back();
  return field;
}

bool CsvFile::take_end_of_line() {
  if (text_.compare(position_, 2, "\r\n") == 0) ++position_;
  if (position_ == text_.size()) return true;
  if (text_[position_] != '\n') return false;
  ++position_;
  ++lines_begun_;
  return true;
}

template <class Number>
Number CsvFile::parsed(std::size_t column, const char* kind) const {
  const std::string& text = field(column);
  Number number{};
  const auto* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, number);
  if (status != std::errc{} || stop != end)
    refuse(fmt::format("{} is '{}', but must be a {}number", excerpt(header_.at(column)), excerpt(text), kind));
  return number;
}

std::int64_t CsvFile::integer(std::size_t column) const {
  return parsed<std::int64_t>(column, "whole ");
}

double CsvFile::number(std::size_t column) const {
  return parsed<double>(column, "");
}

void CsvFile::require_submission_columns() const {
  require(header_.size() == 2, ExitCode::kBadInput,
          fmt::format("'{}' has {} columns, where a submission has two: an id and the number of a class.",
                      path_.string(), header_.size()));
}

void CsvFile::refuse(const std::string& what) const {
  fail(ExitCode::kBadInput, fmt::format("'{}' line {}: {}.", path_.string(), line_, what));
}

}  // namespace fer
