#include "base/progress_bar.h"

#include <fcntl.h>
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

constexpr auto kRedrawInterval = std::chrono::milliseconds(500);
constexpr int kLabelWeight = 100, kShareWeight = 20, kOwnLeftWeight = 10, kFewestCells = 6, kMostCells = 24;

bool under_mpirun() {
  return std::getenv("OMPI_COMM_WORLD_RANK") != nullptr;
}

std::string launcher_output() {
  return fmt::format("/proc/{}/fd/1", ::getppid());
}

/// 0 if it does not say, as the terminals do not that Open MPI makes.
int columns_of(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int columns_of_launcher() {
  if (!under_mpirun()) return 0;
  const int descriptor = ::open(launcher_output().c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  const int columns = columns_of(descriptor);
  ::close(descriptor);
  return columns;
}

/// The terminal's word comes first: $COLUMNS may be that of a window before it was resized.
int terminal_width() {
  if (const int columns = columns_of(STDOUT_FILENO); columns > 0) return columns;
  if (const int columns = columns_of_launcher(); columns > 0) return columns;
  const char* columns = std::getenv("COLUMNS");
  return columns != nullptr && std::atoi(columns) > 0 ? std::atoi(columns) : 80;
}

/// Columns of pieces with blanks between them.
int width_of(const std::vector<LinePiece>& pieces) {
  int width = -1;
  for (const auto& piece : pieces) width += 1 + static_cast<int>(piece.text.size());
  return std::max(width, 0);
}

void drop_lightest(std::vector<LinePiece>& pieces) {
  const int lightest = std::ranges::min(pieces, {}, &LinePiece::weight).weight;
  std::erase_if(pieces, [&](const LinePiece& piece) { return piece.weight == lightest; });
}

/// `|####    |`
std::string drawn_bar(double share, int cells) {
  const int filled = static_cast<int>(share * cells);
  return fmt::format("|{:#<{}}{:<{}}|", "", filled, "", cells - filled);
}

}  // namespace

bool output_is_terminal() {
  if (::isatty(STDOUT_FILENO) == 0) return false;
  if (!under_mpirun()) return true;
  std::error_code error;
  const auto output = std::filesystem::read_symlink(launcher_output(), error);
  return !error && output.string().starts_with("/dev/pts/");
}

std::string fitted_line(std::vector<LinePiece> pieces, int width) {
  while (pieces.size() > 1 && width_of(pieces) > width) drop_lightest(pieces);
  std::vector<std::string> texts;
  for (auto& piece : pieces) texts.push_back(std::move(piece.text));
  return join(texts, " ").substr(0, static_cast<std::size_t>(std::max(width, 0)));
}

ProgressBar::ProgressBar(std::string label, std::int64_t total, std::string unit, bool visible, std::int64_t first)
    : label_(std::move(label)),
      total_(std::max<std::int64_t>(total, 1)),
      unit_(std::move(unit)),
      visible_(visible),
      first_(first) {}

ProgressBar::~ProgressBar() {
  if (visible_) wipe_live_line();
}

bool ProgressBar::due() const {
  return visible_ && Clock::now() - last_drawn_ >= kRedrawInterval;
}

double ProgressBar::elapsed_seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

Pace ProgressBar::pace(std::int64_t done) const {
  return pace(done, elapsed_seconds());
}

Pace ProgressBar::pace(std::int64_t done, double elapsed_seconds) const {
  if (done <= first_ || elapsed_seconds <= 0) return {};
  const double rate = static_cast<double>(done - first_) / elapsed_seconds;
  return {rate, static_cast<double>(std::max<std::int64_t>(total_ - done, 0)) / rate};
}

void ProgressBar::show(std::int64_t done, const std::vector<LinePiece>& notes, double seconds_behind) {
  if (!due()) return;
  last_drawn_ = Clock::now();
  // A character in the last column would make some terminals begin a new line.
  draw_live_line(line(done, elapsed_seconds(), notes, seconds_behind, terminal_width() - 1));
}

std::string ProgressBar::line(std::int64_t done, double elapsed_seconds, const std::vector<LinePiece>& notes,
                              double seconds_behind, int width) const {
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0.0, 1.0);
  std::vector<LinePiece> pieces{{label_, kLabelWeight},
                                {fmt::format("{:2.0f}%", 100 * share), kShareWeight},
                                {fmt::format("{}/{}", done, total_), kCountWeight}};
  const auto [rate, seconds_left] = pace(done, elapsed_seconds);
  if (rate > 0) pieces.push_back({fmt::format("{:.{}f}{}/s", rate, rate < 100 ? 1 : 0, unit_), kRateWeight});
  pieces.insert(pieces.end(), notes.begin(), notes.end());
  if (rate > 0) {
    pieces.push_back({"left", kLeftWeight});
    if (seconds_behind > 0) pieces.push_back({clock_text(seconds_left) + " of", kOwnLeftWeight});
    pieces.push_back({clock_text(seconds_left + seconds_behind), kLeftWeight});
  }
  if (const int cells = width - width_of(pieces) - 3; cells >= kFewestCells)  // a blank and the two ends
    pieces.insert(pieces.begin() + 2, {drawn_bar(share, std::min(cells, kMostCells)), 0});
  return fitted_line(std::move(pieces), width);
}

}  // namespace fer
