#pragma once

#include <vector>

#include "comm/communicator.h"

namespace fer {

/// A question for the time and its answer, in seconds.
struct RoundTrip {
  double asked = 0;     // by the clock of the one who asks
  double answered = 0;  // by the other's
  double heard = 0;     // by the clock of the one who asks
};

/// Seconds by which the other's clock is ahead, by the trip that took the least time: wrong by at most half of that.
double clock_ahead(const std::vector<RoundTrip>& trips);

/// Seconds by which this rank's clock is ahead of rank 0's, which asks each rank in turn. Collective.
double ahead_of_rank_0(Communicator& ranks);

}  // namespace fer
