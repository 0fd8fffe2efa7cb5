#include "apps/evaluation_results.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "artifacts/predictions.h"
#include "artifacts/report.h"
#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/json_text.h"
#include "base/text.h"
#include "train/run_report.h"
#include "train/significance.h"
#include "train/split_report.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// McNemar's test of each two members.
nlohmann::json paired_tests(const std::vector<torch::Tensor>& said, const std::vector<std::string>& checkpoints,
                            const torch::Tensor& labels) {
  auto tests = nlohmann::json::array();
  for (std::size_t i = 0; i < said.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      const auto test = mcnemar_test(said[k], said[i], labels);
      tests.push_back({{"first", checkpoints[k]},
                       {"second", checkpoints[i]},
                       {"first_alone", test.first_alone},
                       {"second_alone", test.second_alone},
                       {"p_value", test.p_value}});
    }
  return tests;
}

void write_metrics(const EvaluationResults& results) {
  const auto& options = results.options;
  const fs::path file = fs::path(options.out) / "metrics.json";
  if (!results.evaluation.scores) {
    fs::remove(file);  // of an earlier call: there is nothing to count here
    return;
  }
  auto metrics = to_json(*results.evaluation.scores, results.classes);
  metrics["split"] = results.split.name;
  metrics["role"] = results.role;
  metrics["checkpoints"] = options.checkpoints;
  metrics["average"] = options.averaging == Averaging::kSoftmax ? "softmax" : "logits";
  metrics["views"] = options.views;
  metrics["dataset_digest"] = results.manifest.digest();
  if (options.checkpoints.size() > 1) {
    metrics["weights"] = options.weights;
    metrics["member_accuracies"] = results.accuracies;
    metrics["mcnemar"] = paired_tests(results.said, options.checkpoints, results.split.labels);
  }
  write_file_atomically(file, json_text(metrics, /*indent=*/2) + "\n");
}

/// Ids are the competition's where the dataset was imported with its sample, else rows are counted.
void write_submission_of(const EvaluationResults& results, Predictions predictions) {
  auto header = results.manifest.submission_header;
  if (header.empty()) predictions.ids = torch::arange(predictions.ids.numel());
  if (const auto& sample = results.options.sample_submission; !sample.empty())
    header = header_of_sample(sample, predictions.ids);
  write_submission(results.options.submission, predictions, header);
}

}  // namespace

void write_results(const EvaluationResults& results) {
  const auto& options = results.options;
  make_writable_folder(options.out);
  const Predictions predictions{results.classes, results.split.ids, results.evaluation.probabilities,
                                results.split.labels};
  write_predictions(fs::path(options.out) / "predictions.csv", predictions);
  if (!options.submission.empty()) write_submission_of(results, predictions);
  write_metrics(results);
}

void write_report(const EvaluationResults& results, const CheckpointInfo& info, Net& net, const Loader& loader) {
  const auto& path = results.options.checkpoints.front();
  const auto run = run_folder_of(path);
  auto report = run.empty() ? Report{} : report_of_run(run);
  const bool alone = results.options.checkpoints.size() == 1;
  report.title = alone
                     ? fmt::format("{} on {}", info.model, results.manifest.name)
                     : fmt::format("{} nets together on {}", results.options.checkpoints.size(), results.manifest.name);
  report.subtitle = join(results.options.checkpoints);
  describe_dataset(report, results.manifest, results.classes);
  auto answers = report_split(results.split, results.evaluation, results.classes, results.role);
  if (alone) explain_answers(answers, results.split, results.evaluation, results.classes, net, loader);
  show_answers(report, std::move(answers));
  show_augmentation(report, results.split);
  write_file_atomically(fs::path(results.options.out) / "report.html", report_page(report));
}

std::string role_in_run(const std::string& checkpoint, const Manifest& manifest, const std::string& split) {
  const auto run = run_folder_of(checkpoint);
  if (run.empty()) return {};
  const auto record = read_run_record(run);
  const auto trained_on = record.value("dataset", nlohmann::json::object()).value("digest", "");
  return trained_on == manifest.digest() ? role_of(split, record.value("validation_split", "")) : "";
}

}  // namespace fer
