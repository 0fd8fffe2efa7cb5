#include "train/run_comparison.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "artifacts/predictions.h"
#include "artifacts/run_record.h"
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
  std::string split;                       // that they are about; empty: unknown
};

/// The folder's name; of one that is called like another, its path.
std::string name_of(const fs::path& folder, const std::vector<fs::path>& folders) {
  std::int64_t equal = 0;
  for (const auto& other : folders) equal += folder_name(other) == folder_name(folder) ? 1 : 0;
  return equal == 1 ? folder_name(folder) : folder.string();
}

/// The split that predictions.csv is about: what fer_evaluate left says so, else a run's record.
std::string split_of_predictions(const fs::path& folder) {
  auto facts = nlohmann::json::object();
  std::string key = "split";
  if (path_exists(folder / "metrics.json")) {
    facts = nlohmann::json::parse(read_file(folder / "metrics.json"), nullptr, /*allow_exceptions=*/false);
  } else if (path_exists(folder / kRunRecordFile)) {
    facts = read_run_record(folder);
    key = "test_split";
  }
  return facts.is_object() && facts.contains(key) && facts[key].is_string() ? facts[key].get<std::string>() : "";
}

Contender read_contender(const fs::path& folder, const std::string& name) {
  const bool is_run = path_exists(folder / kRunRecordFile), has_predictions = path_exists(folder / "predictions.csv");
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
    contender.split = split_of_predictions(folder);
  }
  return contender;
}

/// Why the scores of two cannot be compared; empty if they can.
std::string difference(const Contender& one, const Contender& other) {
  const auto &first = *one.predictions, &second = *other.predictions;
  if (first.classes != second.classes)
    return fmt::format("'{}' has no scores here: it tells the classes {} apart, but '{}' {}.", other.run.name,
                       join(second.classes), one.run.name, join(first.classes));
  if (!torch::equal(first.ids, second.ids) || !torch::equal(first.truth, second.truth))
    return fmt::format(
        "'{}' has no scores here: its predictions are about other samples ({}) than those of '{}' ({}). "
        "Score both on one split by fer_evaluate, and compare what that leaves.",
        other.run.name, second.ids.numel(), one.run.name, first.ids.numel());
  return {};
}

PairedTest paired_test(const Contender& one, const Contender& other) {
  const auto test = mcnemar_test(one.predictions->probabilities.argmax(1), other.predictions->probabilities.argmax(1),
                                 one.predictions->truth);
  return {one.run.name, other.run.name, test.first_alone, test.second_alone, test.p_value};
}

/// Holds a run's scores against those ahead of it, or takes them away and notes why.
void compare_scores(Contender& contender, std::vector<Contender>& scored, Comparison& comparison) {
  if (!contender.predictions) {
    comparison.notes.push_back(fmt::format(
        "'{}' has no scores here: it left no answers to samples whose labels are known.", contender.run.name));
    return;
  }
  if (const auto note = scored.empty() ? "" : difference(scored[0], contender); !note.empty()) {
    comparison.notes.push_back(note);
    contender.run.scores.reset();
    return;
  }
  for (const auto& other : scored) comparison.tests.push_back(paired_test(other, contender));
  scored.push_back(contender);
}

/// `test (7178 samples)`; a split may be called otherwise in another dataset.
std::string common_split(const std::vector<Contender>& scored) {
  std::vector<std::string> names;
  for (const auto& contender : scored)
    if (!contender.split.empty() && std::ranges::find(names, contender.split) == names.end())
      names.push_back(contender.split);
  const auto samples = fmt::format("{} samples", scored[0].predictions->ids.numel());
  return names.empty() ? samples : fmt::format("{} ({})", join(names, " and "), samples);
}

}  // namespace

Comparison compare_runs(const std::vector<fs::path>& folders) {
  Comparison comparison;
  std::vector<Contender> scored;
  std::vector<std::string> names;
  for (const auto& folder : folders) {
    auto contender = read_contender(folder, name_of(folder, folders));
    compare_scores(contender, scored, comparison);
    names.push_back(contender.run.name);
    comparison.runs.push_back(std::move(contender.run));
  }
  comparison.title = join(names, " and ");
  if (scored.empty()) return comparison;
  comparison.classes = scored[0].predictions->classes;
  comparison.split = common_split(scored);
  return comparison;
}

}  // namespace fer
