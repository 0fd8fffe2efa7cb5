#pragma once

#include "comm/watchdog.h"

namespace fer {

/// Says on standard error, and in run.json of the runs that they were at, for whom a job waited in vain.
void report_verdict(const Verdict& verdict, const std::vector<RankReport>& reports);

}  // namespace fer
