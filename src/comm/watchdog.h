#pragma once

#include <functional>
#include <memory>
#include <string>

#include "comm/communicator.h"
#include "comm/rank_report.h"

namespace fer {

/// Ends a job in which a rank keeps the others waiting: MPI itself waits for ever for a process that hangs, sleeps, or
/// whose host is cut off. A thread of each rank tells rank 0's, over a TCP connection of its own, what the rank is at
/// (comm/activity.h), and is told that rank 0 is well; whoever finds somebody missing ends its process with
/// ExitCode::kPeer. mpirun's connections between hosts notice a cut cable by keepalive (launch/env.sh) in 16
/// seconds: a limit that is not well above may end ranks before mpirun knows why, and then it waits.
class Watchdog {
 public:
  /// What is done with a verdict before the process ends, by a thread of its own: twice the limit is waited for it, at
  /// most ten seconds. Reports are those that it was found in; there are none where another rank found it.
  using OnVerdict = std::function<void(const Verdict&, const std::vector<RankReport>&)>;

  /// Collective. Where ranks cannot reach rank 0 by TCP it warns, and does without.
  /// @param limit_seconds  0: none
  Watchdog(double limit_seconds, Communicator& communicator, OnVerdict on_verdict);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  /// Says goodbye: from then on nobody misses this rank.
  ~Watchdog();

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace fer
