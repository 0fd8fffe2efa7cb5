#pragma once

#include <filesystem>
#include <mutex>

#include "comm/watchdog.h"

namespace fer {

/// Watches over a job that trains, and says in run.json of the run that is under way for whom it waited in vain.
class JobWatch {
 public:
  /// Collective. @param limit_seconds  as of Watchdog
  JobWatch(double limit_seconds, Communicator& communicator);

  /// The run that this rank is at. Empty: none.
  void set_run(const std::filesystem::path& folder);

 private:
  void report(const Verdict& verdict, const std::vector<RankReport>& reports);

  std::mutex mutex_;
  std::filesystem::path run_;
  Watchdog watchdog_;
};

}  // namespace fer
