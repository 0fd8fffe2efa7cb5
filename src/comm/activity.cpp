#include "comm/activity.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace fer {
namespace {

std::mutex mutex;
Activity present;

/// Ends what was done, and begins something else, both under the lock.
template <class Change>
void change(const Change& apply) {
  const std::lock_guard lock(mutex);
  const auto now = Activity::Clock::now();
  const bool worked = present.phase == Phase::kTraining && *present.call == '\0';
  if (worked)
    present.longest_work = std::max(present.longest_work, std::chrono::duration<double>(now - present.since).count());
  present.since = now;
  apply(present);
}

}  // namespace

std::string phase_name(Phase phase) {
  constexpr std::array kNames = {"start", "training", "validation", "saving", "scoring"};
  return kNames.at(static_cast<std::size_t>(phase));
}

Activity current_activity() {
  const std::lock_guard lock(mutex);
  return present;
}

void enter_phase(Phase phase) {
  change([&](Activity& activity) { activity.phase = phase; });
}

void begin_step(std::int64_t step) {
  change([&](Activity& activity) { activity.step = step; });
}

void report_progress() {
  change([](Activity&) {});
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
