#include "comm/activity.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace fer {
namespace {

/// Per piece of work, so that one that took long, as where the process had been stopped, does not count for ever.
constexpr double kForgets = 0.99;

std::mutex mutex;
Activity present;

/// Ends what was done, and begins something else, both under the lock.
template <class Change>
void change(const Change& apply) {
  const std::lock_guard lock(mutex);
  const auto now = Activity::Clock::now();
  if (present.phase == Phase::kTraining) {
    double& longest = *present.call == '\0' ? present.longest_work : present.longest_call;
    longest = std::max(std::chrono::duration<double>(now - present.since).count(), kForgets * longest);
  }
  present.since = now;
  apply(present);
}

}  // namespace

std::string phase_name(Phase phase) {
  constexpr std::array kNames = {"start", "training", "loading", "validation", "saving", "scoring"};
  return kNames.at(static_cast<std::size_t>(phase));
}

Activity current_activity() {
  const std::lock_guard lock(mutex);
  return present;
}

void enter_phase(Phase phase) {
  change([&](Activity& activity) { activity.phase = phase; });
}

void leave_run() {
  const std::lock_guard lock(mutex);
  Activity fresh;
  fresh.call = present.call;
  fresh.last_call = present.last_call;
  present = std::move(fresh);
}

void enter_run(const std::string& folder) {
  change([&](Activity& activity) { activity.run = folder; });
}

void begin_step(std::int64_t step) {
  change([&](Activity& activity) {
    activity.phase = Phase::kTraining;
    activity.step = step;
  });
}

void report_progress() {
  change([](Activity&) {});
}

void forget_pause() {
  const std::lock_guard lock(mutex);
  present.since = Activity::Clock::now();
}

PhaseInside::PhaseInside(Phase phase) {
  change([&](Activity& activity) { outer_ = std::exchange(activity.phase, phase); });
}

PhaseInside::~PhaseInside() {
  enter_phase(outer_);
}

CollectiveCall::CollectiveCall(const char* name) {
  change([&](Activity& activity) { outer_ = std::exchange(activity.call, name); });
}

CollectiveCall::~CollectiveCall() {
  change([&](Activity& activity) { activity.last_call = std::exchange(activity.call, outer_); });
}

}  // namespace fer
