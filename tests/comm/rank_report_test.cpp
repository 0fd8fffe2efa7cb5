#include "comm/rank_report.h"

#include <gtest/gtest.h>

#include <thread>

namespace fer {
namespace {

constexpr double kLimit = 5;

/// Ranks that wait for nobody for long.
std::vector<RankReport> waiting_ranks(int count) {
  std::vector<RankReport> ranks;
  for (int rank = 0; rank < count; ++rank) {
    RankReport report{.rank = rank, .host = "n1", .phase = "training", .step = 7, .call = "all_reduce"};
    report.seconds = 2;
    report.limit = kLimit;
    ranks.push_back(report);
  }
  return ranks;
}

void expect_missing(const std::optional<Verdict>& verdict, const std::vector<int>& ranks, const std::string& part) {
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->missing, ranks);
  EXPECT_NE(verdict->why.find(part), std::string::npos) << verdict->why;
}

}  // namespace

TEST(RankReport, NobodyIsMissedWhileAllIsWell) {
  auto ranks = waiting_ranks(3);
  ranks[1].call = "";
  EXPECT_FALSE(judge_presence(ranks, kLimit) || judge_work(ranks));
}

TEST(RankReport, TheDeadAndTheSilentAreMissed) {
  auto ranks = waiting_ranks(4);
  ranks[2].silent_seconds = 6;
  expect_missing(judge_presence(ranks, kLimit), {2},
                 "rank 2 on n1 has been silent for 6 s (last heard in training at step 7)");
  ranks[1].died = true;
  expect_missing(judge_presence(ranks, kLimit), {1}, "rank 1 on n1 has died");
}

// Ranks that wait for a GPU, and by it for another rank, look as if they worked.
TEST(RankReport, OfRanksThatWorkTooLongTheLastIsMissed) {
  auto ranks = waiting_ranks(4);
  for (auto& rank : ranks) {
    rank.call = "";
    rank.seconds = 6;
  }
  expect_missing(judge_work(ranks), {0, 1, 2, 3}, "training at step 7: at work for 6 s");
  ranks[3].step = 6;
  ranks[3].limit = 60;  // it may be saving
  EXPECT_FALSE(judge_work(ranks).has_value());
  ranks[3].seconds = 61;
  expect_missing(judge_work(ranks), {3}, "does not come back to the others");
  ranks[3].run = "runs/another";
  expect_missing(judge_work(ranks), {0, 1, 2, 3}, "does not come back to the others");
  for (auto& rank : ranks) rank.limit = 100;
  EXPECT_FALSE(judge_work(ranks).has_value());
}

TEST(RankReport, RanksThatAllWaitWaitForNobody) {
  auto ranks = waiting_ranks(2);
  for (auto& rank : ranks) rank.seconds = 11;
  ranks[1].call = "broadcast";
  expect_missing(judge_work(ranks), {0, 1}, "in broadcast for 11 s");
  ranks[1].call = "";  // it may be saving
  ranks[1].limit = 300;
  EXPECT_FALSE(judge_work(ranks).has_value());
}

TEST(RankReport, GoesOverTheWire) {
  auto report = waiting_ranks(1)[0];
  report.last_call = "broadcast";
  const auto found = report_from(nlohmann::json::parse(to_json(report).dump()));
  EXPECT_EQ(to_json(found), to_json(report));
}

TEST(RankReport, TellsOfARankInALine) {
  auto report = waiting_ranks(2)[1];
  EXPECT_EQ(describe(report), "rank 1 on n1, training at step 7: in all_reduce for 2 s");
  report.last_call = "broadcast";
  EXPECT_EQ(describe(report), "rank 1 on n1, training at step 7: in all_reduce for 2 s, after broadcast");
}

// A net whose steps take ten seconds on this machine is not ended after five.
TEST(RankReport, TheLimitGrowsWithTheWork) {
  EXPECT_EQ(report_of(current_activity(), 0, "n1", kLimit).limit, 60 * kLimit);
  begin_step(1);
  EXPECT_EQ(report_of(current_activity(), 0, "n1", kLimit).limit, 60 * kLimit);  // of the first step, too
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  { const CollectiveCall call("all_reduce"); }
  {
    const PhaseInside phase(Phase::kSaving);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const auto activity = current_activity();
  EXPECT_GE(activity.longest_work, 0.045);
  EXPECT_LT(activity.longest_work, 0.1);
  EXPECT_STREQ(activity.last_call, "all_reduce");
  EXPECT_EQ(report_of(activity, 0, "n1", kLimit).limit, kLimit);
  EXPECT_GE(report_of(activity, 0, "n1", 0.5).limit, 0.9);
  const CollectiveCall call("all_reduce");
  EXPECT_EQ(report_of(current_activity(), 0, "n1", kLimit).limit, 2 * kLimit);
}

}  // namespace fer
