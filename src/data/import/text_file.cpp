#include "data/import/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/parallel.h"

namespace fer {
namespace {

constexpr std::int64_t kBlockBytes = std::int64_t{4} << 20;    // small enough to stay in a core's cache
constexpr std::int64_t kLongestLine = std::int64_t{64} << 20;  // a picture of 4000x4000 in digits
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

[[noreturn]] void fail_reading(const std::filesystem::path& path, const std::string& why) {
  fail(ExitCode::kBadInput, fmt::format("cannot read '{}': {}.", path.string(), why));
}

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

struct TextFile::BlockResult {
  std::int64_t lines = 0;
  std::vector<BadLine> bad_lines;  // counted within the block, from 0
};

TextFile::TextFile(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // or a pipe would make it wait
  if (descriptor_ < 0) fail_reading(path_, std::strerror(errno));
  struct stat status {};
  const bool plain = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  size_ = plain ? status.st_size : 0;
  try {
    require(size_ > 0, ExitCode::kBadInput, fmt::format("'{}' is empty or no plain file.", path_.string()));
    std::string buffer;
    const auto head = read({0, std::min<std::int64_t>(size_, 3)}, buffer);
    require(!head.starts_with("\xFF\xFE") && !head.starts_with("\xFE\xFF"), ExitCode::kBadInput,
            fmt::format("'{}' is UTF-16 text: save it as UTF-8 or plain ASCII.", path_.string()));
    begin_ = head == kByteOrderMark ? static_cast<std::int64_t>(kByteOrderMark.size()) : 0;
    for (end_ = size_; end_ > begin_ && is_line_end(read({end_ - 1, 1}, buffer)[0]);) --end_;
    require(end_ > begin_, ExitCode::kBadInput, fmt::format("'{}' has no lines.", path_.string()));
    ends_in_mid_line_ = end_ == size_;
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

TextFile::~TextFile() {
  ::close(descriptor_);
}

std::string_view TextFile::read(TextSpan span, std::string& buffer) const {
  const auto wanted = static_cast<std::size_t>(span.length);
  if (buffer.size() < wanted) buffer.resize(wanted);
  std::size_t got = 0;
  while (got < wanted) {
    const ssize_t count =
        ::pread(descriptor_, buffer.data() + got, wanted - got, span.offset + static_cast<off_t>(got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_reading(path_, std::strerror(errno));
    if (count == 0) fail_reading(path_, "it became shorter while it was read");
    got += static_cast<std::size_t>(count);
  }
  return {buffer.data(), wanted};
}

std::size_t TextFile::block_count() const {
  return static_cast<std::size_t>((end_ - begin_ + kBlockBytes - 1) / kBlockBytes);
}

/// A block owns the lines that begin in it, the last of which may run over its end.
void TextFile::scan_block(std::size_t block, const Look& look, BlockResult& result) const {
  const auto block_begin = begin_ + static_cast<std::int64_t>(block) * kBlockBytes;
  const auto block_end = std::min(block_begin + kBlockBytes, end_);
  thread_local std::string buffer;
  // From one byte ahead: a line begins here if that byte ends the one before.
  const auto text_begin = std::max(block_begin - 1, begin_);
  auto text_end = block_end;
  auto text = read({text_begin, text_end - text_begin}, buffer);
  std::size_t position = 0;
  if (block_begin > begin_) {
    const auto before = text.find('\n');
    if (before == std::string_view::npos) return;  // inside a line of another block
    position = before + 1;
  }
  while (text_begin + static_cast<std::int64_t>(position) < block_end) {
    auto line_end = text.find('\n', position);
    while (line_end == std::string_view::npos && text_end < end_) {
      require(
          text_end - text_begin - static_cast<std::int64_t>(position) < kLongestLine, ExitCode::kBadInput,
          fmt::format("'{}' has a line of more than {} MB: is it a text file?", path_.string(), kLongestLine >> 20));
      const auto seen = text.size();
      text_end = std::min(text_end + kBlockBytes, end_);
      text = read({text_begin, text_end - text_begin}, buffer);
      line_end = text.find('\n', seen);
    }
    auto line = text.substr(position, line_end == std::string_view::npos ? line_end : line_end - position);
    position = line_end == std::string_view::npos ? text.size() : line_end + 1;
    const TextSpan span{text_begin + (line.data() - text.data()), static_cast<std::int64_t>(line.size())};
    if (line.ends_with('\r')) line.remove_suffix(1);
    try {
      look(block, result.lines, span, line);
    } catch (LineFault& fault) {
      result.bad_lines.push_back({result.lines, std::move(fault.what)});
    }
    ++result.lines;
  }
}

TextFile::Scan TextFile::scan(int threads, const Look& look) const {
  std::vector<BlockResult> blocks(block_count());
  for_each_index(static_cast<std::int64_t>(blocks.size()), threads, [&](std::int64_t block) {
    scan_block(static_cast<std::size_t>(block), look, blocks[static_cast<std::size_t>(block)]);
  });
  Scan scan;
  for (BlockResult& block : blocks) {
    scan.lines_before.push_back(scan.lines);
    for (BadLine& bad : block.bad_lines) scan.bad_lines.push_back({scan.lines + bad.number + 1, std::move(bad.what)});
    scan.lines += block.lines;
  }
  return scan;
}

}  // namespace fer
