#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "apps/run_app.h"
#include "artifacts/checkpoint.h"
#include "artifacts/predictions.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "cli/evaluate_options.h"
#include "comm/placement.h"
#include "data/host_split.h"
#include "data/loader.h"
#include "data/selection.h"
#include "model/memory_format.h"
#include "train/evaluate.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

/// A checkpoint may know some of the dataset's classes alone, and take a window of its pictures.
void require_fitting(const CheckpointInfo& info, const Manifest& manifest) {
  const bool known = std::ranges::all_of(info.classes, [&](const std::string& name) {
    return std::ranges::find(manifest.classes, name) != manifest.classes.end();
  });
  require(known, ExitCode::kBadInput,
          fmt::format("the checkpoint knows the classes {}, but dataset '{}' has {}.", join(info.classes),
                      manifest.name, join(manifest.classes)));
  const bool whole = info.height == manifest.height && info.width == manifest.width;
  const bool window = info.height == info.width && info.height <= std::min(manifest.height, manifest.width);
  require(whole || window, ExitCode::kBadInput,
          fmt::format("the checkpoint takes pictures of {}x{}, but dataset '{}' has {}x{}.", info.height, info.width,
                      manifest.name, manifest.height, manifest.width));
}

/// The samples of a split whose classes the checkpoint knows, under its labels.
Split known_samples(const Split& split, const CheckpointInfo& info, const Manifest& manifest) {
  if (!split.labelled() || info.classes == manifest.classes) return split;
  return selected(split,
                  select_samples({split.labels, {}}, manifest.classes, info.classes, /*fraction=*/1, /*seed=*/0));
}

std::shared_ptr<Net> make_net(const Checkpoint& checkpoint, const std::string& path, const torch::Device& device) {
  const auto& info = checkpoint.info;
  auto net = make_model({info.model, static_cast<std::int64_t>(info.classes.size()), info.height, info.width,
                         info.input_size, info.head});
  load_model_tensors(*net, checkpoint.model, path);
  net->to(device);
  use_channels_last(*net);
  return net;
}

void write_results(const fs::path& out, const EvaluateOptions& options, const Manifest& manifest,
                   const CheckpointInfo& info, const Split& split, const Evaluation& evaluation) {
  make_writable_folder(out);
  const Predictions predictions{info.classes, split.ids, evaluation.probabilities, split.labels};
  write_predictions(out / "predictions.csv", predictions);
  if (!options.submission.empty()) write_submission(options.submission, predictions, manifest.submission_header);
  if (!evaluation.report) {
    fs::remove(out / "metrics.json");  // of an earlier call: there is nothing to count here
    return;
  }
  auto metrics = to_json(*evaluation.report, info.classes);
  metrics["split"] = split.name;
  metrics["checkpoint"] = options.checkpoint;
  metrics["views"] = options.views;
  metrics["dataset_digest"] = manifest.digest();
  write_file_atomically(out / "metrics.json", metrics.dump(2) + "\n");
}

ExitCode evaluate_checkpoint(const EvaluateOptions& options, MpiCommunicator& host) {
  const Placement placement = place_rank({options.device, "mpi", options.threads}, host);
  Manifest manifest;
  CheckpointInfo info;
  std::shared_ptr<Net> net;
  agree(host, [&] {
    const Checkpoint checkpoint = read_checkpoint(options.checkpoint);
    manifest = read_manifest(options.dataset);
    info = checkpoint.info;
    require_fitting(info, manifest);
    manifest.split(options.split);  // throws if there is none
    net = make_net(checkpoint, options.checkpoint, placement.device);
  });
  require_same(host, "the dataset (digest of dataset.json)", manifest.digest());
  const Split split = known_samples(load_host_split(options.dataset, manifest, options.split, host), info, manifest);

  ViewConfig view{parse_test_views(options.views), 0};
  if (info.height < manifest.height || info.width < manifest.width) view.crop = static_cast<std::int32_t>(info.height);
  std::optional<Loader> loader;
  agree(host, [&] { loader.emplace(split, static_cast<std::int64_t>(info.classes.size()), placement.device, view); });
  const Evaluation evaluation = evaluate(*net, *loader, host);
  agree(host, [&] {
    if (host.rank() == 0) write_results(options.out, options, manifest, info, split, evaluation);
  });
  if (evaluation.report) {
    const auto& report = *evaluation.report;
    spdlog::info("{} samples of '{}': accuracy {:.2f} % (95 %: {:.2f} to {:.2f}), macro F1 {:.2f} %, loss {:.4f}",
                 report.sums.samples, split.name, 100 * report.sums.accuracy(), 100 * report.accuracy_interval.first,
                 100 * report.accuracy_interval.second, 100 * report.macro_f1, report.sums.loss());
  }
  spdlog::info("results are in {}", options.out);
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_evaluate", argc, argv, parse_evaluate_options, evaluate_checkpoint);
}
