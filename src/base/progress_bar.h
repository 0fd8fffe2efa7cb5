#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fer {

/// A piece of a live line.
struct LinePiece {
  std::string text;
  int weight = 0;  // how much it matters: the lightest go first where there is no room, equal ones together
};

/// Pieces with blanks between them, in `width` columns at most.
std::string fitted_line(std::vector<LinePiece> pieces, int width);

/// How fast work goes on. Both are 0 as long as nothing is known.
struct Pace {
  double per_second = 0;
  double seconds_left = 0;
};

/// One line that is redrawn in place while work goes on: `label 42% |####    | 61/145 2.9it/s note left 0:28`.
/// Draws only where a person watches: on a terminal, and at most twice a second.
class ProgressBar {
 public:
  static constexpr int kCountWeight = 90;  // of the pieces that it shows by itself
  static constexpr int kLeftWeight = 70;
  static constexpr int kRateWeight = 30;

  /// @param first  how much of `total` had been done before: a part of what is done, but not of the pace
  ProgressBar(std::string label, std::int64_t total, std::string unit, bool visible, std::int64_t first = 0);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Wipes the line.
  ~ProgressBar();

  /// Whether a drawing is wanted now; the caller may save itself the work of making notes otherwise.
  bool due() const;
  Pace pace(std::int64_t done) const;
  /// Draws, if due().
  /// @param notes           shown ahead of the time that is left
  /// @param seconds_behind  that other work takes behind this: shown is what is left of both
  void show(std::int64_t done, const std::vector<LinePiece>& notes = {}, double seconds_behind = 0);

  /// The same for a given moment, fitted to `width` columns; for tests.
  Pace pace(std::int64_t done, double elapsed_seconds) const;
  std::string line(std::int64_t done, double elapsed_seconds, const std::vector<LinePiece>& notes,
                   double seconds_behind, int width) const;

 private:
  using Clock = std::chrono::steady_clock;

  double elapsed_seconds() const;

  std::string label_;
  std::int64_t total_;
  std::string unit_;
  bool visible_;
  std::int64_t first_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_drawn_{};
};

/// Whether standard output reaches a terminal. Open MPI gives every rank a terminal of its own, so under mpirun it is
/// the launcher's output that counts.
bool output_is_terminal();

}  // namespace fer
