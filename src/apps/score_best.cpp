#include "apps/score_best.h"

#include <fmt/format.h>

#include "artifacts/predictions.h"
#include "artifacts/report.h"
#include "base/atomic_file.h"
#include "comm/agreement.h"
#include "train/replicas.h"
#include "train/run_checkpoints.h"
#include "train/run_report.h"
#include "train/split_report.h"
#include "train/split_role.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

Report report_on(const std::optional<BestAnswers>& best, Net& net, const RunData& data, const ViewConfig& view,
                 const fs::path& folder, const torch::Device& device, const std::string& ending) {
  auto report = report_of_run(folder);
  report.subtitle = fmt::format("Run '{}', {}", folder_name(folder), ending);
  describe_dataset(report, data.manifest, data.classes);
  if (!best) return report;
  const auto& [split, evaluation] = *best;
  auto answers = report_split(split, evaluation, data.classes,
                              role_in_run(split.name, data.validation ? data.validation->name : "").text);
  explain_answers(answers, split, evaluation, data.classes, net, Loader(split, std::ssize(data.classes), device, view));
  show_answers(report, std::move(answers));
  show_pictures(report, split);
  return report;
}

}  // namespace

BestOfRun answers_of_best(Net& net, const RunData& data, const ViewConfig& view, const fs::path& folder,
                          const torch::Device& device, Communicator& communicator) {
  if (!data.test && !data.validation) return {};
  // Rank 0 wrote the file and reads it back; the others might still see an older one, or none.
  agree(communicator, [&] {
    if (communicator.rank() != 0) return;
    const auto [path, checkpoint] = checkpoint_to_score(folder);
    load_model_tensors(net, checkpoint.model, path.string());
  });
  broadcast_replica(net, communicator);
  const auto answers = [&](const Split& split) {
    return BestAnswers{split, evaluate(net, Loader(split, std::ssize(data.classes), device, view), communicator)};
  };
  BestOfRun best;
  if (data.test) best.test.emplace(answers(*data.test));
  if (data.validation && !data.test_tells()) best.validation.emplace(answers(*data.validation));
  return best;
}

void write_best_answers(const BestOfRun& best, Net& net, const RunData& data, const ViewConfig& view,
                        const fs::path& folder, const torch::Device& device, const std::string& ending) {
  if (best.test) {
    const auto& [split, evaluation] = *best.test;
    const Predictions predictions{data.classes, split.ids, evaluation.probabilities, split.labels};
    write_predictions(folder / "predictions.csv", predictions);
    write_submission(folder / "submission.csv", predictions, data.manifest.submission_header_of(split.name));
  }
  const auto& telling = data.test_tells() ? best.test : best.validation;
  write_report_if_possible(folder / "report.html",
                           [&] { return report_on(telling, net, data, view, folder, device, ending); });
}

}  // namespace fer
