#include "base/console.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace fer {
namespace {

constexpr std::string_view kWipe = "\r\033[K";  // back to the line's beginning, and nothing behind it

std::mutex live_line;
bool live_line_is_drawn = false;

/// Needs `live_line`.
void wipe_drawn_line() {
  if (std::exchange(live_line_is_drawn, false)) write_to(STDOUT_FILENO, kWipe);
}

/// @param mode  the one that the descriptor is not used with, so that using it fails
void keep_taken(int descriptor, int mode) {
  if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) (void)::open("/dev/null", mode);  // takes the lowest number
}

}  // namespace

Written write_to(int descriptor, std::string_view text) noexcept {
  Written written;
  while (written.bytes < text.size()) {
    const auto count = ::write(descriptor, text.data() + written.bytes, text.size() - written.bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      written.error = errno;
      break;
    }
    written.bytes += static_cast<std::size_t>(count);
  }
  return written;
}

void draw_live_line(std::string_view text) {
  const std::lock_guard alone(live_line);
  live_line_is_drawn = true;
  write_to(STDOUT_FILENO, fmt::format("\r{}\033[K", text));
}

void wipe_live_line() {
  const std::lock_guard alone(live_line);
  wipe_drawn_line();
}

PlainOutput::PlainOutput() : alone_(live_line) {
  wipe_drawn_line();
}

void survive_lost_outputs() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  keep_taken(STDIN_FILENO, O_WRONLY);
  keep_taken(STDOUT_FILENO, O_RDONLY);
  keep_taken(STDERR_FILENO, O_RDONLY);
}

void print_answer(std::string_view text) {
  const auto written = write_to(STDOUT_FILENO, text);
  require(written.error == 0 || written.error == EPIPE, ExitCode::kIo,
          fmt::format("standard output took {} of {} bytes: {}.", written.bytes, text.size(),
                      std::strerror(written.error)));
}

void say_error(std::string_view text) noexcept {
  if (const std::unique_lock alone(live_line, std::try_to_lock); alone) wipe_drawn_line();  // whoever draws may hang
  write_to(STDERR_FILENO, text);
}

}  // namespace fer
