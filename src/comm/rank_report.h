#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "comm/activity.h"

namespace fer {

/// What a rank's watchdog says of it.
struct RankReport {
  int rank = 0;
  std::string host;
  std::string phase = "start";
  std::int64_t step = 0;
  std::string call = {};       // the collective that it is in; empty: it works
  std::string last_call = {};  // the one before
  std::string run = {};        // folder of the run that it is at
  double seconds = 0;          // since it began that
  double limit = 0;            // on that, seconds

  // What others see of it.
  double silent_seconds = 0;  // since it was last heard
  bool died = false;          // its connection ended without a word
};

/// @param limit_seconds  of --watchdog: longer than that, and than twenty times the longest of late, no rank is to work
///                       between two collectives of training, and twice that be in one; the first step and other phases
///                       have sixty times that
RankReport report_of(const Activity& activity, int rank, const std::string& host, double limit_seconds);

/// What a rank is at and which collectives it was in last, as a line.
std::string describe(const RankReport& report);

nlohmann::json to_json(const RankReport& report);
/// @throws nlohmann::json::exception
RankReport report_from(const nlohmann::json& json);

/// Who keeps the others waiting.
struct Verdict {
  std::vector<int> missing;
  std::string why;  // a sentence
};

/// Whether one of these ranks has died or is silent.
std::optional<Verdict> judge_presence(const std::vector<RankReport>& ranks, double limit_seconds);
/// Whether a rank works for too long, or all of them, which are all of a job, wait in collectives for nobody.
std::optional<Verdict> judge_work(const std::vector<RankReport>& ranks);

}  // namespace fer
