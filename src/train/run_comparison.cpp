#include "train/run_comparison.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <optional>

#include "artifacts/predictions.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"
#include "train/run_report.h"
#include "train/significance.h"
#include "train/split_scores.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

constexpr double kHalfOfTheLastDecimal = 5e-7;  // of predictions.csv: less may stand there as 0

/// What a folder tells.
struct Contender {
  ComparedRun run;
  std::optional<Predictions> predictions;  // whose truth is known
};

/// The folder's name; of one that is called like another, its path.
std::string name_of(const fs::path& folder, const std::vector<fs::path>& folders) {
  const auto name = [](const fs::path& path) { return (path / "").parent_path().filename().string(); };
  std::int64_t equal = 0;
  for (const auto& other : folders) equal += name(other) == name(folder) ? 1 : 0;
  return equal == 1 ? name(folder) : folder.string();
}

Contender read_contender(const fs::path& folder, const std::string& name) {
  const bool is_run = path_exists(folder / "run.json"), has_predictions = path_exists(folder / "predictions.csv");
  require(is_run || has_predictions, ExitCode::kBadInput,
          fmt::format("'{}' holds neither run.json of a run nor predictions.csv of fer_evaluate.", folder.string()));
  Contender contender;
  contender.run.name = name;
  if (is_run) {
    const auto report = report_of_run(folder);
    contender.run.history = report.history;
    contender.run.best_epoch = report.best_epoch;
    contender.run.facts = {{"net and data", report.title}};
    for (const auto& group : report.facts)
      if (group.title == "Run")
        contender.run.facts.insert(contender.run.facts.end(), group.facts.begin(), group.facts.end());
  }
  if (has_predictions) {
    auto predictions = read_predictions(folder / "predictions.csv");
    if (!predictions.truth.defined()) return contender;
    contender.run.scores = score_split(predictions.probabilities.clamp_min(kHalfOfTheLastDecimal), predictions.truth);
    contender.predictions = std::move(predictions);
  }
  return contender;
}

void require_same_samples(const Contender& one, const Contender& other) {
  const auto &first = *one.predictions, &second = *other.predictions;
  require(first.classes == second.classes, ExitCode::kBadInput,
          fmt::format("'{}' tells the classes {} apart, but '{}' {}: their scores cannot be compared.", one.run.name,
                      join(first.classes), other.run.name, join(second.classes)));
  require(torch::equal(first.ids, second.ids) && torch::equal(first.truth, second.truth), ExitCode::kBadInput,
          fmt::format("the predictions of '{}' ({} samples) and '{}' ({}) are about different samples: score both on "
                      "one split by fer_evaluate, and compare what that leaves.",
                      one.run.name, first.ids.numel(), other.run.name, second.ids.numel()));
}

PairedTest paired_test(const Contender& one, const Contender& other) {
  const auto test = mcnemar_test(one.predictions->probabilities.argmax(1), other.predictions->probabilities.argmax(1),
                                 one.predictions->truth);
  return {one.run.name, other.run.name, test.first_alone, test.second_alone, test.p_value};
}

}  // namespace

Comparison compare_runs(const std::vector<fs::path>& folders) {
  std::vector<Contender> contenders, scored;
  for (const auto& folder : folders) {
    contenders.push_back(read_contender(folder, name_of(folder, folders)));
    if (contenders.back().predictions) scored.push_back(contenders.back());
  }
  Comparison comparison;
  std::vector<std::string> names;
  for (const auto& contender : contenders) names.push_back(contender.run.name);
  comparison.title = join(names, " and ");
  for (std::size_t i = 0; i < scored.size(); ++i) {
    if (i > 0) require_same_samples(scored[0], scored[i]);
    for (std::size_t k = 0; k < i; ++k) comparison.tests.push_back(paired_test(scored[k], scored[i]));
  }
  if (!scored.empty()) {
    comparison.classes = scored[0].predictions->classes;
    comparison.split = fmt::format("{} samples", scored[0].predictions->ids.numel());
  }
  for (auto& contender : contenders) comparison.runs.push_back(std::move(contender.run));
  return comparison;
}

}  // namespace fer
