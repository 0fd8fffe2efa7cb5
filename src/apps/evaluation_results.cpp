#include "apps/evaluation_results.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "artifacts/predictions.h"
#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json_text.h"
#include "data/loader.h"
#include "data/resized_split.h"
#include "train/run_report.h"
#include "train/saved_net.h"
#include "train/significance.h"
#include "train/split_report.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

nlohmann::json to_json(const std::vector<PairedTest>& tests) {
  auto list = nlohmann::json::array();
  for (const auto& test : tests)
    list.push_back({{"first", test.first},
                    {"second", test.second},
                    {"first_alone", test.first_alone},
                    {"second_alone", test.second_alone},
                    {"p_value", test.p_value}});
  return list;
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
    metrics["mcnemar"] = to_json(results.tests);
  }
  write_file_atomically(file, json_text(metrics, /*indent=*/2) + "\n");
}

}  // namespace

std::optional<SubmissionForm> submission_form(const EvaluateOptions& options, const Manifest& manifest,
                                              const Split& split) {
  if (options.submission.empty()) return std::nullopt;
  if (!options.sample_submission.empty()) return read_sample_submission(options.sample_submission, split.ids);
  const auto all = torch::arange(split.size());
  if (manifest.submission_header.empty()) return SubmissionForm{"", all, all};
  const auto rows = manifest.split(kSampledSplit).samples;
  require(split.name == kSampledSplit && split.size() == rows, ExitCode::kUsage,
          fmt::format("dataset '{}' was imported with a sample submission, which is about all {} samples of '{}', but "
                      "{} of '{}' would be submitted: choose --split {} and a net that knows all classes, or name "
                      "another sample by --sample-submission.",
                      manifest.name, rows, kSampledSplit, split.size(), split.name, kSampledSplit));
  return SubmissionForm{manifest.submission_header, split.ids, all};
}

std::vector<PairedTest> tests_of_members(const std::vector<torch::Tensor>& said, const std::vector<std::string>& names,
                                         const torch::Tensor& labels) {
  std::vector<PairedTest> tests;
  for (std::size_t i = 0; i < said.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      const auto test = mcnemar_test(said[k], said[i], labels);
      tests.push_back({names[k], names[i], test.first_alone, test.second_alone, test.p_value});
    }
  return tests;
}

void write_results(const EvaluationResults& results) {
  const auto& options = results.options;
  const fs::path out = options.out;
  make_writable_folder(out);
  if (!options.report && !path_exists(out / kRunRecordFile)) fs::remove(out / "report.html");  // of an earlier call
  const Predictions predictions{results.classes, results.split.ids, results.evaluation.probabilities,
                                results.split.labels};
  write_predictions(out / "predictions.csv", predictions);
  if (const auto& form = results.submission) {
    const Predictions wanted{results.classes, form->ids, predictions.probabilities.index_select(0, form->rows), {}};
    write_submission(options.submission, wanted, form->header);
  }
  write_metrics(results);
}

void write_report(const EvaluationResults& results, const CheckpointInfo& info, Net& net, const torch::Device& device) {
  const auto& path = results.options.checkpoints.front();
  const auto run = run_folder_of(path);
  auto report = run.empty() ? Report{} : report_of_run(run);
  const bool alone = results.options.checkpoints.size() == 1;
  report.title = fmt::format("{} on {}", info.model, results.manifest.name);
  report.subtitle = path;
  if (!alone) describe_ensemble(report, results.options.checkpoints, results.accuracies, results.manifest.name);
  const auto pictures = pictures_of(info, path);
  const Split split = resized(results.split, pictures);
  describe_dataset(report, results.manifest, results.classes);
  auto answers = report_split(split, results.evaluation, results.classes, results.role);
  if (alone) {
    const Loader loader(split, std::ssize(results.classes), device, view_of(info, TestViews::kNone, pictures));
    explain_answers(answers, split, results.evaluation, results.classes, net, loader);
  }
  show_answers(report, std::move(answers));
  show_pictures(report, split);
  write_file_atomically(fs::path(results.options.out) / "report.html", report_page(report));
}

}  // namespace fer
