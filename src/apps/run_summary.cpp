#include "apps/run_summary.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "artifacts/run_record.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "base/text_table.h"
#include "train/split_role.h"

namespace fer {
namespace {

/// What run.json says of the best epoch; null if it says nothing.
nlohmann::json best_of_record(const std::filesystem::path& folder) {
  try {
    return read_run_record(folder).value("best", nlohmann::json());
  } catch (const Error&) {  // nothing of it was ever written, and the run went on without
    return {};
  }
}

/// `epoch 4 by val_accuracy: loss 0.3733, accuracy 90.00%, macro-F1 89.93%`, or figures of training where there
/// is no validation.
std::string best_text(const nlohmann::json& best, const std::string& best_metric) {
  const auto& metrics = best.at("metrics");
  const auto epoch = best.at("epoch").get<std::int64_t>();
  if (!metrics.contains("val_loss"))
    return fmt::format("epoch {}, the last, for there is no validation: train loss {:.4f}, accuracy {:.2f}%", epoch,
                       metrics.at("train_loss").get<double>(), 100 * metrics.at("train_accuracy").get<double>());
  return fmt::format("epoch {} by {}: loss {:.4f}, accuracy {:.2f}%, macro-F1 {:.2f}%", epoch, best_metric,
                     metrics.at("val_loss").get<double>(), 100 * metrics.at("val_accuracy").get<double>(),
                     100 * metrics.at("val_macro_f1").get<double>());
}

std::string scores_text(const SplitScores& scores) {
  const auto& [low, high] = scores.accuracy_interval;
  return fmt::format("accuracy {:.2f}% (95% interval {:.2f} to {:.2f}%), macro-F1 {:.2f}%", 100 * scores.accuracy,
                     100 * low, 100 * high, 100 * scores.macro_f1);
}

std::vector<std::string> class_rows(const SplitScores& scores, const std::vector<std::string>& classes) {
  std::vector<std::vector<std::string>> rows{{"class", "recall", "precision", "F1", "samples"}};
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto& row = scores.per_class.at(c);
    rows.push_back({classes[c], fmt::format("{:.1f}%", 100 * row.recall), fmt::format("{:.1f}%", 100 * row.precision),
                    fmt::format("{:.1f}%", 100 * row.f1), std::to_string(row.support)});
  }
  return aligned_rows(rows);
}

}  // namespace

void log_answers(const Split& split, const Evaluation& evaluation, const RunData& data) {
  if (!evaluation.scores)
    return log_labelled(
        "test", fmt::format("{} samples of '{}' without labels, answered in submission.csv", split.size(), split.name));
  const auto& scores = *evaluation.scores;
  const auto role = role_in_run(split.name, data.validation ? data.validation->name : "");
  const bool flatters = role.use == SplitUse::kChoosing;
  log_labelled(flatters ? "score" : "test", scores_text(scores));
  log_labelled("", fmt::format("on {} samples of '{}'; by class:", scores.samples, split.name));
  for (const auto& row : class_rows(scores, data.classes)) spdlog::info("       {}", row);
  if (flatters) log_labelled("", role.text);
}

void log_run_summary(const RunEnd& end, const RunData& data, const BestOfRun& best) {
  if (const auto epoch = best_of_record(end.folder); !epoch.is_null())
    log_labelled("best", best_text(epoch, end.best_metric));
  for (const auto* answers : {&best.validation, &best.test})
    if (*answers) log_answers((*answers)->split, (*answers)->evaluation, data);
  log_labelled("took", clock_text(end.seconds) + (end.resumed ? " since it went on" : ""));
  // Paths stay whole, to be copied.
  spdlog::info("report {}", (end.folder / "report.html").string());
  spdlog::info("done   everything is in {}", end.folder.string());
}

}  // namespace fer
