#include "base/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/console.h"
#include "base/text.h"

namespace fer {
namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(100);

int terminal_width() {
  if (const char* columns = std::getenv("COLUMNS")) return std::max(std::atoi(columns), 40);
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

bool output_is_terminal() {
  if (::isatty(STDOUT_FILENO) == 0) return false;
  if (std::getenv("OMPI_COMM_WORLD_RANK") == nullptr) return true;
  std::error_code error;
  const auto launcher_output = std::filesystem::read_symlink(fmt::format("/proc/{}/fd/1", ::getppid()), error);
  return !error && launcher_output.string().starts_with("/dev/pts/");
}

ProgressBar::ProgressBar(std::string label, std::int64_t total, std::string unit, bool visible)
    : label_(std::move(label)), total_(std::max<std::int64_t>(total, 1)), unit_(std::move(unit)), visible_(visible) {}

ProgressBar::~ProgressBar() {
  if (!visible_ || last_drawn_ == Clock::time_point{}) return;
  write_to(STDOUT_FILENO, "\r\033[K");
}

bool ProgressBar::due() const {
  return visible_ && Clock::now() - last_drawn_ >= kRedrawInterval;
}

void ProgressBar::show(std::int64_t done, const std::string& note) {
  if (!due()) return;
  const auto now = Clock::now();
  last_drawn_ = now;
  const double elapsed_seconds = std::chrono::duration<double>(now - start_).count();
  write_to(STDOUT_FILENO, fmt::format("\r{}\033[K", line(done, elapsed_seconds, note, terminal_width() - 1)));
}

std::string ProgressBar::line(std::int64_t done, double elapsed_seconds, const std::string& note, int width) const {
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0.0, 1.0);
  const double rate = elapsed_seconds > 0 ? static_cast<double>(done) / elapsed_seconds : 0.0;
  const double left_seconds = rate > 0 ? static_cast<double>(total_ - done) / rate : 0.0;
  const auto head = fmt::format("{} {:3.0f}%|", label_, 100 * share);
  auto tail = fmt::format("| {}/{} [{}<{}, {:.{}f}{}/s] {}", done, total_, clock_text(elapsed_seconds),
                          clock_text(left_seconds), rate, rate < 100 ? 1 : 0, unit_, note);
  const int room = width - static_cast<int>(head.size() + tail.size());
  const int cells = std::clamp(room, 3, 24);
  const auto filled = static_cast<std::size_t>(share * cells);
  auto text = head + std::string(filled, '#') + std::string(static_cast<std::size_t>(cells) - filled, ' ') + tail;
  if (text.size() > static_cast<std::size_t>(width)) text.resize(static_cast<std::size_t>(width));
  return text;
}

}  // namespace fer
