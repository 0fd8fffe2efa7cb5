#pragma once

#include <optional>
#include <vector>

#include "comm/communicator.h"

namespace fer {

/// Where a rank's time of an epoch's training steps went, seconds of its own clock. On a GPU these are times of the
/// host, which runs ahead of it.
struct StepAccount {
  double compute = 0;
  double communication = 0;  // that computing did not hide: in calls, for the most part waiting
  double data = 0;           // until the next batch was there
  double other = 0;          // progress shown, statistics and metrics put together

  StepAccount& operator+=(const StepAccount& more);
  /// What the rank itself took; the rest it waited for others.
  double own() const { return compute + data + other; }
};

/// Every rank's, by rank. Collective.
std::vector<StepAccount> all_accounts(const StepAccount& own, Communicator& communicator);

StepAccount mean_of(const std::vector<StepAccount>& accounts);

/// The rank for which the others wait: whose own time is the longest.
struct SlowestRank {
  int rank = 0;
  double ratio = 1;  // of its own time, for as much work, to the median of the other ranks'
};

/// Nobody where there is one rank.
/// @param shares  of a step's work, by rank, in any unit: who has more to do is not slow for it
std::optional<SlowestRank> slowest_of(const std::vector<StepAccount>& accounts, const std::vector<double>& shares);

}  // namespace fer
