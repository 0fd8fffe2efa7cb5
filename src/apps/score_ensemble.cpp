#include "apps/score_ensemble.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <filesystem>
#include <optional>

#include "apps/run_summary.h"
#include "apps/training_parts.h"
#include "artifacts/predictions.h"
#include "artifacts/report.h"
#include "base/atomic_file.h"
#include "base/json_text.h"
#include "comm/agreement.h"
#include "model/memory_format.h"
#include "train/ensemble.h"
#include "train/replicas.h"
#include "train/run_checkpoints.h"
#include "train/run_report.h"
#include "train/split_report.h"
#include "train/split_role.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// The net of a member's best checkpoint on every rank of `host`. Rank 0 alone reads it: the others might not see the
/// file yet. Collective.
std::shared_ptr<Net> best_net(const std::string& folder, const TrainOptions& options, const TrainingJob& job,
                              MpiCommunicator& host) {
  std::shared_ptr<Net> net;
  agree(host, [&] {
    net = make_model(net_config(options, job.data));
    if (host.rank() == 0) {
      const auto [path, checkpoint] = checkpoint_to_score(folder);
      require(checkpoint.info.classes == job.data.classes, ExitCode::kBadInput,
              fmt::format("'{}' knows other classes.", path.string()));
      load_model_tensors(*net, checkpoint.model, path.string());
    }
    net->to(job.placement.device);
    use_channels_last(*net);
  });
  broadcast_replica(*net, host);
  return net;
}

/// What members say of a split together, and how right each is alone; nothing of a split without labels.
struct EnsembleScore {
  const Split& split;
  Evaluation together;
  std::vector<double> accuracies;
};

/// Scores members one by one and together. Collective.
EnsembleScore score_members(const std::vector<std::string>& folders, const TrainOptions& options,
                            const TrainingJob& job, const Split& split, MpiCommunicator& host) {
  const ViewConfig view{TestViews::kNone, options.data.training_set.augmentation.spec.crop};
  const Loader loader(split, std::ssize(job.data.classes), job.placement.device, view);
  Ensemble ensemble(Averaging::kSoftmax);
  std::vector<double> accuracies;
  for (const auto& folder : folders) {
    const auto net = best_net(folder, options, job, host);
    const auto alone = evaluate(*net, loader, host);
    ensemble.add(alone.probabilities);
    if (alone.scores) accuracies.push_back(alone.scores->accuracy);
  }
  const auto together = score(ensemble.probabilities(), split.labels);
  if (together.scores)
    spdlog::info("{} members on '{}': mean accuracy {:.2f} %, together {:.2f} %", folders.size(), split.name,
                 100 * mean_of_members(accuracies), 100 * together.scores->accuracy);
  return {split, together, accuracies};
}

/// For ensemble.json.
nlohmann::json figures_of(const EnsembleScore& score, const std::vector<std::string>& classes) {
  if (!score.together.scores) return nlohmann::json::object();
  auto figures = to_json(*score.together.scores, classes);
  figures["member_accuracies"] = score.accuracies;
  figures["member_mean"] = mean_of_members(score.accuracies);
  return figures;
}

Report report_on(const EnsembleScore& score, const std::vector<std::string>& folders, const RunData& data) {
  auto report = report_of_run(folders.front());
  std::vector<std::string> names;
  for (const auto& folder : folders) names.push_back(folder_name(folder));
  describe_ensemble(report, names, score.accuracies, data.manifest.name);
  describe_dataset(report, data.manifest, data.classes);
  const auto role = role_in_run(score.split.name, data.validation ? data.validation->name : "");
  show_answers(report, report_split(score.split, score.together, data.classes, role.text));
  show_pictures(report, score.split);
  return report;
}

}  // namespace

void score_ensemble(const std::vector<std::string>& folders, const TrainOptions& options, const TrainingJob& job,
                    MpiCommunicator& host) {
  const auto& data = job.data;
  std::optional<EnsembleScore> validation, test;
  if (data.validation) validation.emplace(score_members(folders, options, job, *data.validation, host));
  if (data.test) test.emplace(score_members(folders, options, job, *data.test, host));
  agree(host, [&] {
    if (host.rank() != 0) return;
    const fs::path out = options.out;
    nlohmann::json figures = {{"members", folders}};
    for (const auto* score : {&validation, &test})
      if (*score) figures[(*score)->split.name] = figures_of(**score, data.classes);
    write_file_atomically(out / "ensemble.json", json_text(figures, /*indent=*/2) + "\n");
    if (test) {
      const auto& split = test->split;
      const Predictions predictions{data.classes, split.ids, test->together.probabilities, split.labels};
      write_predictions(out / "predictions.csv", predictions);
      write_submission(out / "submission.csv", predictions, data.manifest.submission_header_of(split.name));
    }
    const auto& telling = data.test_tells() ? test : validation;
    if (!telling) return;
    write_report_if_possible(out / "report.html", [&] { return report_on(*telling, folders, data); });
    log_answers(telling->split, telling->together, data);
    if (test && !data.test_tells()) log_answers(test->split, test->together, data);
  });
}

}  // namespace fer
