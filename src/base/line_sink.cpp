#include "base/line_sink.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/console.h"

namespace fer {
namespace {

/// Of a file that can be read: the process before may have found no room for a whole line.
bool ends_within_line(int descriptor) {
  struct stat facts {};
  char last = '\n';
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size == 0) return false;
  return ::pread(descriptor, &last, 1, facts.st_size - 1) == 1 && last != '\n';
}

}  // namespace

LineSink::LineSink(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)), within_line_(ends_within_line(descriptor)) {}

LineSink::~LineSink() {
  if (descriptor_ == STDOUT_FILENO || ::close(descriptor_) == 0) return;
  // Where a remote disk tells of it no earlier.
  say_error(fmt::format("{}: {} may lack lines: {}.\n", program_invocation_short_name, name_, std::strerror(errno)));
}

std::int64_t LineSink::lost() {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void LineSink::sink_it_(const spdlog::details::log_msg& message) {
  if (missing_ > 0 && write_notice(message)) missing_ = 0;
  if (missing_ > 0 || !write_line(message)) count_lost();
}

bool LineSink::write_notice(const spdlog::details::log_msg& message) {
  const auto text = fmt::format("lines missing here: {} ({})", missing_, std::strerror(error_));
  spdlog::details::log_msg notice(message.logger_name, spdlog::level::warn, text);
  notice.time = message.time;
  return write_line(notice);
}

bool LineSink::write_line(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  if (within_line_) line.push_back('\n');
  formatter_->format(message, line);
  std::optional<PlainOutput> plain;
  if (descriptor_ == STDOUT_FILENO) plain.emplace();
  const auto written = write_to(descriptor_, {line.data(), line.size()});
  if (written.bytes > 0) within_line_ = line[written.bytes - 1] != '\n';
  if (written.error != 0) error_ = written.error;
  return written.error == 0;
}

void LineSink::count_lost() {
  ++missing_;
  if (++lost_ == 1)
    say_error(fmt::format("{}: cannot write to {}: {}. The work goes on, but lines are lost.\n",
                          program_invocation_short_name, name_, std::strerror(error_)));
}

}  // namespace fer
