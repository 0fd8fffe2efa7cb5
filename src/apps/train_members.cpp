#include "apps/train_members.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "apps/resume.h"
#include "apps/run_folder.h"
#include "apps/score_ensemble.h"
#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "comm/activity.h"
#include "comm/agreement.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const TrainOptions& options, int member) {
  return (fs::path(options.out) / fmt::format("member-{:02}", member + 1)).string();
}

/// The number of groups, of as many ranks each, that are done first, if a group of twice the ranks takes half the time;
/// of equally good ones the most, since ranks alone do not wait for each other.
int count_groups(int members, int world_size) {
  int best = 1;
  const auto cost = [&](int groups) { return (members + groups - 1) / groups * groups; };
  for (int groups = 2; groups <= std::min(members, world_size); ++groups)
    if (world_size % groups == 0 && cost(groups) <= cost(best)) best = groups;
  return best;
}

/// Which members are finished already, as rank 0 sees it. Collective.
/// @throws AgreedError (kUsage) if a folder holds a run that is none of these.
std::vector<bool> finished_members(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host) {
  auto finished = torch::zeros({options.members}, torch::kUInt8);
  agree(host, [&] {
    if (host.rank() != 0 || options.dry_run) return;
    require(!path_exists(fs::path(options.out) / kRunRecordFile), ExitCode::kUsage,
            fmt::format("'{}' holds a run of one net; choose another --out.", options.out));
    for (int member = 0; member < options.members; ++member)
      finished[member] = completion(member_options(options, member, folder_of(options, member)), job.data).has_value();
  });
  host.broadcast(finished, /*root=*/0);
  std::vector<bool> found;
  for (int member = 0; member < options.members; ++member) found.push_back(finished[member].item<bool>());
  return found;
}

/// What went wrong with members, by their numbers.
struct Complaint {
  ExitCode code;
  std::string text;
};

using Complaints = std::map<int, Complaint>;

/// How a group's members ended.
struct Outcome {
  Complaints complaints;
  bool paused = false;  // a signal to one of its ranks asked it to stop
};

/// Trains this group's members in turn. A failure that its ranks share is put on record and leaves the others alone.
Outcome train_in_turn(const TrainOptions& options, const TrainingJob& job, const std::vector<bool>& finished,
                      MpiCommunicator& host) {
  const int groups = count_groups(options.members, host.world_size());
  const int own = host.rank() / (host.world_size() / groups);
  const auto group = host.split(own);
  Outcome outcome;
  for (int member = own; member < options.members && !outcome.paused; member += groups) {
    if (finished[static_cast<std::size_t>(member)]) continue;
    start_logging(host.rank(), options.quiet);  // without the file of the member before
    const auto own_options = member_options(options, member, folder_of(options, member));
    spdlog::info("member {} of {}: seed {}, {} of {} ranks", member + 1, options.members,
                 own_options.data.training_set.seed, group->world_size(), host.world_size());
    try {
      const auto hold = hold_run_folder(own_options, *group);
      outcome.paused = train_member(own_options, job, *group) == ExitCode::kPreempted;
    } catch (const AgreedError& error) {
      outcome.paused = error.code() == ExitCode::kPreempted;  // while it waited for the folder
      if (outcome.paused) continue;
      if (group->rank() == 0) spdlog::warn("member {} failed: {}", member + 1, error.what());
      outcome.complaints[member] = {error.code(), error.what()};
    }
  }
  start_logging(host.rank(), options.quiet);
  return outcome;
}

/// Tells every rank what any of them has to complain of. Collective.
Complaints shared(const Complaints& own, MpiCommunicator& host) {
  auto list = nlohmann::json::array();
  for (const auto& [member, complaint] : own) list.push_back({member, complaint.code, complaint.text});
  Complaints all;
  for (const auto& text : all_gather_text(host, json_text(list)))
    for (const auto& entry : nlohmann::json::parse(text))
      all[entry.at(0).get<int>()] = {entry.at(1).get<ExitCode>(), entry.at(2).get<std::string>()};
  return all;
}

void require_none(const Complaints& complaints) {
  if (complaints.empty()) return;
  std::vector<std::string> lines;
  for (const auto& [member, complaint] : complaints)
    lines.push_back(fmt::format("member {} failed: {}", member + 1, complaint.text));
  fail_together(complaints.begin()->second.code, join(lines, "\n"));
}

}  // namespace

ExitCode train_members(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host) {
  const auto finished = finished_members(options, job, host);
  const auto outcome = train_in_turn(options, job, finished, host);
  const auto complaints = shared(outcome.complaints, host);
  if (!true_everywhere(host, !outcome.paused)) return ExitCode::kPreempted;
  std::vector<std::string> folders;
  for (int member = 0; member < options.members; ++member)
    if (!complaints.contains(member)) folders.push_back(folder_of(options, member));
  if (!options.dry_run && !folders.empty()) {
    enter_phase(Phase::kScoring);
    score_ensemble(folders, options, job, host);
    spdlog::info("done   everything is in {}", options.out);
  }
  require_none(complaints);
  return ExitCode::kOk;
}

}  // namespace fer
