#include "comm/rank_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"

namespace fer {
namespace {

constexpr double kLongestOfLate = 20, kOtherPhases = 60;

std::string activity(const RankReport& report) {
  const auto doing = report.call.empty() ? "at work" : "in " + report.call;
  return fmt::format("{} at step {}: {} for {:.0f} s", report.phase, report.step, doing, report.seconds);
}

std::string last_words(const RankReport& report) {
  return fmt::format("last heard in {} at step {}", report.phase, report.step);
}

using TextOf = std::function<std::string(const RankReport&)>;

/// @param text     what is wrong with a rank
/// @param details  of it
Verdict verdict_on(const std::vector<RankReport>& culprits, const TextOf& text, const TextOf& details) {
  Verdict verdict;
  std::vector<std::string> texts;
  for (const auto& report : culprits) {
    verdict.missing.push_back(report.rank);
    texts.push_back(fmt::format("rank {} on {} {} ({})", report.rank, report.host, text(report), details(report)));
  }
  verdict.why = join(texts, "; ");
  return verdict;
}

template <class Condition>
std::vector<RankReport> those(const std::vector<RankReport>& ranks, const Condition& condition) {
  std::vector<RankReport> found;
  std::ranges::copy_if(ranks, std::back_inserter(found), condition);
  return found;
}

}  // namespace

RankReport report_of(const Activity& activity, int rank, const std::string& host, double limit_seconds) {
  RankReport report{.rank = rank, .host = host, .phase = phase_name(activity.phase), .step = activity.step};
  report.call = activity.call;
  report.last_call = activity.last_call;
  report.seconds = std::chrono::duration<double>(Activity::Clock::now() - activity.since).count();
  report.run = activity.run;
  report.limit = kOtherPhases * limit_seconds;
  if (activity.phase != Phase::kTraining || activity.longest_work == 0) return report;
  report.limit = report.call.empty() ? std::max(limit_seconds, kLongestOfLate * activity.longest_work)
                                     : std::max(2 * limit_seconds, kLongestOfLate * activity.longest_call);
  return report;
}

std::string describe(const RankReport& report) {
  const auto before = report.last_call.empty() ? "" : ", after " + report.last_call;
  return fmt::format("rank {} on {}, {}{}", report.rank, report.host, activity(report), before);
}

nlohmann::json to_json(const RankReport& report) {
  return {{"rank", report.rank},   {"host", report.host},
          {"phase", report.phase}, {"step", report.step},
          {"call", report.call},   {"last_call", report.last_call},
          {"run", report.run},     {"seconds", report.seconds},
          {"limit", report.limit}, {"silent_seconds", report.silent_seconds},
          {"died", report.died}};
}

RankReport report_from(const nlohmann::json& json) {
  RankReport report;
  json.at("rank").get_to(report.rank);
  json.at("host").get_to(report.host);
  json.at("phase").get_to(report.phase);
  json.at("step").get_to(report.step);
  json.at("call").get_to(report.call);
  json.at("last_call").get_to(report.last_call);
  json.at("run").get_to(report.run);
  json.at("seconds").get_to(report.seconds);
  json.at("limit").get_to(report.limit);
  return report;
}

std::optional<Verdict> judge_presence(const std::vector<RankReport>& ranks, double limit_seconds) {
  if (const auto dead = those(ranks, [](const auto& rank) { return rank.died; }); !dead.empty())
    return verdict_on(
        dead, [](const auto&) { return "has died"; }, last_words);
  const auto silent = those(ranks, [&](const auto& rank) { return rank.silent_seconds > limit_seconds; });
  if (silent.empty()) return std::nullopt;
  return verdict_on(
      silent, [](const auto& rank) { return fmt::format("has been silent for {:.0f} s", rank.silent_seconds); },
      last_words);
}

std::optional<Verdict> judge_work(const std::vector<RankReport>& ranks) {
  const auto overdue = [](const auto& rank) { return rank.seconds > rank.limit; };
  const auto working = those(ranks, [](const auto& rank) { return rank.call.empty(); });
  // Others of its run may wait, outside of collectives as for a GPU, for one that is further behind and may have
  // longer.
  const auto nobody_is_further_behind = [&](const auto& rank) {
    return std::ranges::none_of(working,
                                [&](const auto& other) { return other.run == rank.run && other.step < rank.step; });
  };
  const auto late = those(working, [&](const auto& rank) { return overdue(rank) && nobody_is_further_behind(rank); });
  if (!late.empty())
    return verdict_on(
        late, [](const auto&) { return "does not come back to the others"; }, activity);
  if (working.empty() && std::ranges::all_of(ranks, overdue))
    return verdict_on(
        ranks, [](const auto&) { return "waits"; }, activity);
  return std::nullopt;
}

}  // namespace fer
