#include "apps/job_watch.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "artifacts/run_record.h"
#include "base/error.h"

namespace fer {
namespace {

/// What run.json says of it, under `watchdog`.
nlohmann::json facts_of(const Verdict& verdict, const std::vector<RankReport>& reports) {
  auto ranks = nlohmann::json::array();
  for (const auto& report : reports) ranks.push_back(to_json(report));
  return {{"watchdog", {{"missing", verdict.missing}, {"ranks", ranks}}}};
}

}  // namespace

JobWatch::JobWatch(double limit_seconds, Communicator& communicator)
    : watchdog_(limit_seconds, communicator,
                [this](const Verdict& verdict, const std::vector<RankReport>& reports) { report(verdict, reports); }) {}

void JobWatch::set_run(const std::filesystem::path& folder) {
  const std::lock_guard lock(mutex_);
  run_ = folder;
}

void JobWatch::report(const Verdict& verdict, const std::vector<RankReport>& reports) {
  const auto why = verdict.why +
                   ". The job ends, for the others would wait for ever; --resume auto goes on from the last "
                   "checkpoint.";
  spdlog::debug("watchdog: {}", why);
  spdlog::default_logger()->flush();
  if (reports.empty()) return;  // the rank that found it says so
  fmt::print(stderr, "fer_dist_train: {}\n", why);
  std::fflush(stderr);
  const std::lock_guard lock(mutex_);
  if (run_.empty()) return;
  try {
    mark_failed(run_, verdict.why, ExitCode::kPeer, facts_of(verdict, reports));
  } catch (const std::exception& error) {
    fmt::print(stderr, "fer_dist_train: run.json could not be brought up to date: {}\n", error.what());
  }
}

}  // namespace fer
