#include "apps/train_members.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "artifacts/predictions.h"
#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "base/text.h"
#include "comm/agreement.h"
#include "train/ensemble.h"
#include "train/replicas.h"
#include "train/saved_net.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

std::string folder_of(const TrainOptions& options, int member) {
  return (fs::path(options.out) / fmt::format("member-{:02}", member + 1)).string();
}

/// As many groups as can work side by side with as many ranks each.
int count_groups(int members, int world_size) {
  int groups = std::min(members, world_size);
  while (world_size % groups != 0) --groups;
  return groups;
}

/// What went wrong with a member.
struct Complaint {
  ExitCode code;
  std::string text;
};

using Complaints = std::map<int, Complaint>;  // by member

/// A failure that its group shares is put on record and leaves the others alone.
std::optional<Complaint> train_or_complain(const TrainOptions& options, const TrainingJob& job,
                                           MpiCommunicator& group) {
  try {
    if (!is_complete(options, group)) train_member(options, job, group);
    return std::nullopt;
  } catch (const AgreedError& error) {
    spdlog::debug("{}", error.what());
    return Complaint{error.code(), error.what()};
  }
}

/// Tells every rank what any of them has to complain of. Collective.
void share(Complaints& complaints, int members, MpiCommunicator& host) {
  for (int member = 0; member < members; ++member) {
    const auto own = complaints.find(member);
    const auto codes =
        all_gather_text(host, own == complaints.end() ? "" : std::to_string(static_cast<int>(own->second.code)));
    const auto texts = all_gather_text(host, own == complaints.end() ? "" : own->second.text);
    for (std::size_t rank = 0; rank < codes.size(); ++rank)
      if (!codes[rank].empty()) complaints[member] = {static_cast<ExitCode>(std::stoi(codes[rank])), texts[rank]};
  }
}

/// Trains this group's members in turn. @return what went wrong with the members of all groups. Collective.
Complaints train_in_turn(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host) {
  const int groups = count_groups(options.members, host.world_size());
  const int own = host.rank() / (host.world_size() / groups);
  const auto group = host.split(own);
  Complaints complaints;
  for (int member = own; member < options.members; member += groups) {
    start_logging(host.rank(), options.quiet);  // without the file of the member before
    const auto member_own = member_options(options, member, folder_of(options, member));
    spdlog::info("member {} of {}: seed {}, ranks {} of {}", member + 1, options.members,
                 member_own.data.training_set.seed, group->world_size(), host.world_size());
    if (const auto complaint = train_or_complain(member_own, job, *group)) complaints[member] = *complaint;
  }
  start_logging(host.rank(), options.quiet);
  share(complaints, options.members, host);
  return complaints;
}

/// The net of a member's best checkpoint on every rank of `host`; rank 0 reads it.
std::shared_ptr<Net> best_net(const std::string& folder, const torch::Device& device, MpiCommunicator& host) {
  const auto path = fs::path(folder) / "checkpoints" / "best.safetensors";
  std::shared_ptr<Net> net;
  agree(host, [&] { net = restore_net(read_checkpoint(path), path.string(), device); });
  return net;
}

/// Scores members one by one and together on a split. @return the figures for ensemble.json. Collective.
nlohmann::json score_members(const std::vector<std::string>& folders, const TrainOptions& options,
                             const TrainingJob& job, const Split& split, MpiCommunicator& host,
                             torch::Tensor& probabilities) {
  const ViewConfig view{TestViews::kNone, options.data.training_set.augmentation.spec.crop};
  const Loader loader(split, std::ssize(job.data.classes), job.placement.device, view);
  Ensemble ensemble(Averaging::kSoftmax);
  auto figures = nlohmann::json::object();
  double accuracies = 0;
  for (const auto& folder : folders) {
    const auto net = best_net(folder, job.placement.device, host);
    const auto evaluation = evaluate(*net, loader, host);
    ensemble.add(evaluation.probabilities);
    if (!evaluation.report) continue;
    const double accuracy = evaluation.report->sums.accuracy();
    figures["member_accuracies"].push_back(accuracy);
    accuracies += accuracy;
  }
  probabilities = ensemble.probabilities();
  const auto together = score(probabilities, split.labels);
  if (!together.report) return figures;
  const double mean = accuracies / static_cast<double>(folders.size());
  figures.update(to_json(*together.report, job.data.classes));
  figures["member_mean"] = mean;
  spdlog::info("{} members on '{}': mean accuracy {:.2f} %, together {:.2f} %", folders.size(), split.name, 100 * mean,
               100 * together.report->sums.accuracy());
  return figures;
}

void score_ensemble(const std::vector<std::string>& folders, const TrainOptions& options, const TrainingJob& job,
                    MpiCommunicator& host) {
  const auto& data = job.data;
  nlohmann::json figures = {{"members", folders}};
  torch::Tensor probabilities;
  if (data.validation)
    figures[data.validation->name] = score_members(folders, options, job, *data.validation, host, probabilities);
  if (data.test) figures[data.test->name] = score_members(folders, options, job, *data.test, host, probabilities);
  agree(host, [&] {
    if (host.rank() != 0) return;
    const fs::path out = options.out;
    write_file_atomically(out / "ensemble.json", figures.dump(2) + "\n");
    if (!data.test) return;
    const Predictions predictions{data.classes, data.test->ids, probabilities, data.test->labels};
    write_predictions(out / "predictions.csv", predictions);
    write_submission(out / "submission.csv", predictions, data.manifest.submission_header);
  });
}

}  // namespace

void train_members(const TrainOptions& options, const TrainingJob& job, MpiCommunicator& host) {
  const auto complaints = train_in_turn(options, job, host);
  std::vector<std::string> folders;
  for (int member = 0; member < options.members; ++member)
    if (!complaints.contains(member)) folders.push_back(folder_of(options, member));
  if (!options.dry_run && !folders.empty()) {
    score_ensemble(folders, options, job, host);
    spdlog::info("done   everything is in {}", options.out);
  }
  for (const auto& [member, complaint] : complaints)
    fail_together(complaint.code, fmt::format("member {} of {}: {}", member + 1, options.members, complaint.text));
}

}  // namespace fer
