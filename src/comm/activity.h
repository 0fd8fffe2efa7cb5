#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fer {

/// What a training process does, one after the other.
enum class Phase { kStart, kTraining, kLoading, kValidation, kSaving, kScoring };

std::string phase_name(Phase phase);

/// What the thread that runs a process is at, as its watchdog sees it.
struct Activity {
  using Clock = std::chrono::steady_clock;

  Phase phase = Phase::kStart;
  std::int64_t step = 0;
  std::string run;             // folder of the run that it is at
  const char* call = "";       // the collective that it is in, where it may wait for others; empty: it works
  const char* last_call = "";  // the one that it was in before
  Clock::time_point since = Clock::now();
  // Of late, seconds between two collectives of training, and in one.
  double longest_work = 0;
  double longest_call = 0;
};

Activity current_activity();

/// Nothing counts of a run that it was at before.
void leave_run();
void enter_run(const std::string& folder);
void enter_phase(Phase phase);
/// Of training.
void begin_step(std::int64_t step);
/// Says that a phase makes progress.
void report_progress();
/// Leaves out the time so far of what it is at, in which the whole process did not run.
void forget_pause();

/// A phase within another, which goes on when this goes out of scope.
class PhaseInside {
 public:
  explicit PhaseInside(Phase phase);
  PhaseInside(const PhaseInside&) = delete;
  PhaseInside& operator=(const PhaseInside&) = delete;
  ~PhaseInside();

 private:
  Phase outer_;
};

/// The time in a collective, which may be made of others. @param name  a literal
class CollectiveCall {
 public:
  explicit CollectiveCall(const char* name);
  CollectiveCall(const CollectiveCall&) = delete;
  CollectiveCall& operator=(const CollectiveCall&) = delete;
  ~CollectiveCall();

 private:
  const char* outer_;
};

}  // namespace fer
