#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fer {

/// One line that is redrawn in place while work goes on: `label 42%|####    | 61/145 [00:20<00:28, 2.9it/s] note`.
/// Draws only where a person watches: on a terminal, and at most ten times a second.
class ProgressBar {
 public:
  ProgressBar(std::string label, std::int64_t total, std::string unit, bool visible);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Wipes the line.
  ~ProgressBar();

  /// Whether a drawing is wanted now; the caller may save itself the work of making a note otherwise.
  bool due() const;
  /// Draws, if due().
  void show(std::int64_t done, const std::string& note = {});

  /// The line for a given moment, fitted to `width` columns; for tests.
  std::string line(std::int64_t done, double elapsed_seconds, const std::string& note, int width) const;

 private:
  using Clock = std::chrono::steady_clock;

  std::string label_;
  std::int64_t total_;
  std::string unit_;
  bool visible_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_drawn_{};
};

/// Whether standard output reaches a terminal. Open MPI gives every rank a terminal of its own, so under mpirun it is
/// the launcher's output that counts.
bool output_is_terminal();

}  // namespace fer
