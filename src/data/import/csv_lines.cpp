#include "data/import/csv_lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/error.h"

namespace fer {
namespace {

[[noreturn]] void fail_reading(const std::filesystem::path& path) {
  fail(ExitCode::kBadInput, fmt::format("cannot read '{}': {}.", path.string(), std::strerror(errno)));
}

std::string_view map_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_reading(path);
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* bytes = known && size > 0 ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : MAP_FAILED;
  ::close(descriptor);
  require(known && size > 0, ExitCode::kBadInput, fmt::format("'{}' is empty or no plain file.", path.string()));
  if (bytes == MAP_FAILED) fail_reading(path);
  return {static_cast<const char*>(bytes), size};
}

/// What a bad value is shown as: a few characters of it, in one line.
std::string excerpt(std::string_view text) {
  std::string shown(text.substr(0, 20));
  std::ranges::replace_if(
      shown, [](unsigned char c) { return c < 32 || c > 126; }, '?');
  return shown;
}

}  // namespace

CsvLines::CsvLines(std::filesystem::path path) : path_(std::move(path)), text_(map_file(path_)) {
  for (std::size_t start = 0; start < text_.size();) {
    starts_.push_back(start);
    const auto end = text_.find('\n', start);
    start = end == std::string_view::npos ? text_.size() : end + 1;
  }
}

CsvLines::~CsvLines() {
  ::munmap(const_cast<char*>(text_.data()), text_.size());
}

std::string_view CsvLines::line(std::int64_t index) const {
  const auto i = static_cast<std::size_t>(index);
  const auto end = i + 1 < starts_.size() ? starts_[i + 1] : text_.size();
  auto line = text_.substr(starts_[i], end - starts_[i]);
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::int64_t count_values(std::string_view line) {
  return 1 + std::ranges::count(line, ',');
}

void parse_bytes(const CsvLines& lines, std::int64_t index, std::span<std::uint8_t> values) {
  const auto line = lines.line(index);
  const auto refuse = [&](const std::string& what) {
    fail(ExitCode::kBadInput, fmt::format("'{}' line {}: {}.", lines.path().string(), index + 1, what));
  };
  const char* position = line.data();
  const char* const end = line.data() + line.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const char* const value_end = std::find(position, end, ',');
    const auto [parsed_to, error] = std::from_chars(position, value_end, values[i]);
    if (error != std::errc{} || parsed_to != value_end || position == value_end) {
      if (position == end && i > 0 && line.back() != ',')
        refuse(fmt::format("it has {} values, but must have {}", i, values.size()));
      refuse(fmt::format("value {} is '{}', but must be a whole number from 0 to 255", i + 1,
                         excerpt({position, value_end})));
    }
    const bool last = i + 1 == values.size();
    if (last && value_end != end)
      refuse(fmt::format("it has {} values, but must have {}", count_values(line), values.size()));
    position = std::min(value_end + 1, end);
  }
}

}  // namespace fer
