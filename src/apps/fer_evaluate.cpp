#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>

#include "apps/run_app.h"
#include "artifacts/checkpoint.h"
#include "artifacts/predictions.h"
#include "base/atomic_file.h"
#include "base/json_text.h"
#include "base/text.h"
#include "cli/evaluate_options.h"
#include "comm/placement.h"
#include "data/host_split.h"
#include "data/loader.h"
#include "data/selection.h"
#include "train/ensemble.h"
#include "train/saved_net.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

/// A checkpoint may know some of the dataset's classes alone.
void require_fitting(const std::string& path, const CheckpointInfo& info, const Manifest& manifest) {
  const bool known = std::ranges::all_of(info.classes, [&](const std::string& name) {
    return std::ranges::find(manifest.classes, name) != manifest.classes.end();
  });
  require(known, ExitCode::kBadInput,
          fmt::format("'{}' knows the classes {}, but dataset '{}' has {}.", path, join(info.classes), manifest.name,
                      join(manifest.classes)));
  require(info.picture_height == manifest.height && info.picture_width == manifest.width, ExitCode::kBadInput,
          fmt::format("'{}' learned from pictures of {}x{}, but dataset '{}' has {}x{}.", path, info.picture_height,
                      info.picture_width, manifest.name, manifest.height, manifest.width));
}

/// The samples of a split whose classes the checkpoint knows, under its labels.
Split known_samples(const Split& split, const CheckpointInfo& info, const Manifest& manifest) {
  if (!split.labelled() || info.classes == manifest.classes) return split;
  return selected(split,
                  select_samples({split.labels, {}}, manifest.classes, info.classes, /*fraction=*/1, /*seed=*/0));
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// A checkpoint's net and what it has to be shown.
struct Member {
  CheckpointInfo info;
  std::shared_ptr<Net> net;
};

Member read_member(const std::string& path, const Manifest& manifest, const torch::Device& device) {
  const Checkpoint checkpoint = read_checkpoint(path);
  require_fitting(path, checkpoint.info, manifest);
  return {checkpoint.info, restore_net(checkpoint, path, device)};
}

void require_same_classes(const std::vector<Member>& members, const std::vector<std::string>& paths) {
  for (std::size_t i = 1; i < members.size(); ++i)
    require(members[i].info.classes == members[0].info.classes, ExitCode::kBadInput,
            fmt::format("'{}' knows the classes {}, but '{}' {}: their answers cannot be averaged.", paths[i],
                        join(members[i].info.classes), paths[0], join(members[0].info.classes)));
}

void write_results(const fs::path& out, const EvaluateOptions& options, const Manifest& manifest,
                   const std::vector<std::string>& classes, const Split& split, const Evaluation& evaluation,
                   const std::vector<double>& accuracies) {
  make_writable_folder(out);
  const Predictions predictions{classes, split.ids, evaluation.probabilities, split.labels};
  write_predictions(out / "predictions.csv", predictions);
  if (!options.submission.empty()) write_submission(options.submission, predictions, manifest.submission_header);
  if (!evaluation.scores) {
    fs::remove(out / "metrics.json");  // of an earlier call: there is nothing to count here
    return;
  }
  auto metrics = to_json(*evaluation.scores, classes);
  metrics["split"] = split.name;
  metrics["checkpoints"] = options.checkpoints;
  metrics["average"] = options.averaging == Averaging::kSoftmax ? "softmax" : "logits";
  metrics["views"] = options.views;
  metrics["dataset_digest"] = manifest.digest();
  if (options.checkpoints.size() > 1) {
    metrics["weights"] = options.weights;
    metrics["member_accuracies"] = accuracies;
  }
  write_file_atomically(out / "metrics.json", json_text(metrics, /*indent=*/2) + "\n");
}

void log_scores(const SplitScores& scores, const std::string& split) {
  spdlog::info("{} samples of '{}': accuracy {:.2f} % (95 %: {:.2f} to {:.2f}), macro F1 {:.2f} %, loss {:.4f}",
               scores.samples, split, 100 * scores.accuracy, 100 * scores.accuracy_interval.first,
               100 * scores.accuracy_interval.second, 100 * scores.macro_f1, scores.loss);
}

ExitCode evaluate_checkpoints(const EvaluateOptions& options, MpiCommunicator& host) {
  const Placement placement = place_rank({options.device, "mpi", options.threads}, host);
  Manifest manifest;
  std::vector<Member> members;
  agree(host, [&] {
    manifest = read_manifest(options.dataset);
    for (const auto& path : options.checkpoints) members.push_back(read_member(path, manifest, placement.device));
    require_same_classes(members, options.checkpoints);
    manifest.split(options.split);  // throws if there is none
  });
  require_same(host, "the dataset (digest of dataset.json)", manifest.digest());
  const auto& classes = members.front().info.classes;
  const Split split =
      known_samples(load_host_split(options.dataset, manifest, options.split, host), members.front().info, manifest);

  const auto height = static_cast<std::int32_t>(manifest.height), width = static_cast<std::int32_t>(manifest.width);
  Ensemble ensemble(options.averaging);
  std::vector<double> accuracies;
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::optional<Loader> loader;
    agree(host, [&] {
      loader.emplace(split, static_cast<std::int64_t>(classes.size()), placement.device,
                     view_of(members[i].info, parse_test_views(options.views), {height, width}));
    });
    const auto answers = answers_of(*members[i].net, *loader, options.averaging, host);
    ensemble.add(answers, options.weights[i]);
    if (members.size() == 1 || !split.labelled()) continue;
    Ensemble alone(options.averaging);
    alone.add(answers);
    accuracies.push_back(score(alone.probabilities(), split.labels).scores->accuracy);
    spdlog::info("{}: accuracy {:.2f} %", options.checkpoints[i], 100 * accuracies.back());
  }
  const Evaluation evaluation = score(ensemble.probabilities(), split.labels);
  agree(host, [&] {
    if (host.rank() == 0) write_results(options.out, options, manifest, classes, split, evaluation, accuracies);
  });
  if (!accuracies.empty())
    spdlog::info("mean of {} members: accuracy {:.2f} %; together:", accuracies.size(), 100 * mean(accuracies));
  if (evaluation.scores) log_scores(*evaluation.scores, split.name);
  spdlog::info("results are in {}", options.out);
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_evaluate", argc, argv, parse_evaluate_options, evaluate_checkpoints);
}
