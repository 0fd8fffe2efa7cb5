#include "apps/report_verdict.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "artifacts/run_record.h"
#include "base/console.h"
#include "base/error.h"
#include "comm/activity.h"

namespace fer {
namespace {

/// What run.json says of it, under `watchdog`.
nlohmann::json facts_of(const Verdict& verdict, const std::vector<RankReport>& reports) {
  auto ranks = nlohmann::json::array();
  for (const auto& report : reports) ranks.push_back(to_json(report));
  return {{"watchdog", {{"missing", verdict.missing}, {"ranks", ranks}}}};
}

/// Folders of the runs that the missing ranks were at; of those that were heard for the last time ahead of any, the run
/// that this rank is at.
std::set<std::string> runs_of(const Verdict& verdict, const std::vector<RankReport>& reports) {
  std::set<std::string> runs;
  for (const auto& report : reports)
    if (!report.run.empty() && std::ranges::find(verdict.missing, report.rank) != verdict.missing.end())
      runs.insert(report.run);
  if (const auto own = current_activity().run; runs.empty() && !own.empty()) runs.insert(own);
  return runs;
}

}  // namespace

void report_verdict(const Verdict& verdict, const std::vector<RankReport>& reports) {
  const auto why = verdict.why +
                   ". The job ends, for the others would wait for ever; --resume auto goes on from the "
                   "last checkpoint.";
  // The log comes last: its disk may be what somebody hangs in.
  if (reports.empty()) return spdlog::debug("watchdog: {}", why);  // the rank that found it says so
  say_error(fmt::format("fer_dist_train: {}\n", why));
  for (const auto& report : reports) say_error(fmt::format("fer_dist_train: {}\n", describe(report)));
  for (const auto& run : runs_of(verdict, reports)) {
    try {
      mark_failed(run, verdict.why, ExitCode::kPeer, facts_of(verdict, reports));
    } catch (const std::exception& error) {
      say_error(fmt::format("fer_dist_train: run.json could not be brought up to date: {}\n", error.what()));
    }
  }
  spdlog::debug("watchdog: {}", why);
}

}  // namespace fer
