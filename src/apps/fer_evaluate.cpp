#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <filesystem>

#include "apps/run_app.h"
#include "artifacts/checkpoint.h"
#include "artifacts/predictions.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "cli/evaluate_options.h"
#include "comm/placement.h"
#include "data/dataset.h"
#include "model/memory_format.h"
#include "train/evaluate.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

void require_same_classes(const CheckpointInfo& info, const Manifest& manifest) {
  require(info.classes == manifest.classes, ExitCode::kBadInput,
          fmt::format("the checkpoint knows the classes {}, but dataset '{}' has {}.", join(info.classes),
                      manifest.name, join(manifest.classes)));
  require(info.height == manifest.height && info.width == manifest.width, ExitCode::kBadInput,
          fmt::format("the checkpoint takes pictures of {}x{}, but dataset '{}' has {}x{}.", info.height, info.width,
                      manifest.name, manifest.height, manifest.width));
}

std::shared_ptr<Net> make_net(const Checkpoint& checkpoint, const std::string& path, const torch::Device& device) {
  const auto& info = checkpoint.info;
  auto net = make_model({info.model, static_cast<std::int64_t>(info.classes.size()), info.height, info.width});
  load_model_tensors(*net, checkpoint.model, path);
  net->to(device);
  use_channels_last(*net);
  return net;
}

void write_results(const fs::path& out, const EvaluateOptions& options, const Manifest& manifest, const Split& split,
                   const Evaluation& evaluation) {
  make_writable_folder(out);
  const Predictions predictions{manifest.classes, split.ids, evaluation.probabilities, split.labels};
  write_predictions(out / "predictions.csv", predictions);
  if (!options.submission.empty()) write_submission(options.submission, predictions, manifest.submission_header);
  if (!evaluation.report) {
    fs::remove(out / "metrics.json");  // of an earlier call: there is nothing to count here
    return;
  }
  auto metrics = to_json(*evaluation.report, manifest.classes);
  metrics["split"] = split.name;
  metrics["checkpoint"] = options.checkpoint;
  metrics["dataset_digest"] = manifest.digest();
  write_file_atomically(out / "metrics.json", metrics.dump(2) + "\n");
}

ExitCode evaluate_checkpoint(const EvaluateOptions& options, MpiCommunicator& host) {
  const Placement placement = place_rank({options.device, "mpi", options.threads}, host);
  Manifest manifest;
  Split split;
  std::shared_ptr<Net> net;
  agree(host, [&] {
    const Checkpoint checkpoint = read_checkpoint(options.checkpoint);
    manifest = read_manifest(options.dataset);
    require_same_classes(checkpoint.info, manifest);
    split = load_split(options.dataset, manifest, options.split);
    net = make_net(checkpoint, options.checkpoint, placement.device);
  });
  require_same(host, "the dataset (digest of dataset.json)", manifest.digest());

  const Loader loader(split, static_cast<std::int64_t>(manifest.classes.size()), placement.device);
  const Evaluation evaluation = evaluate(*net, loader, host);
  agree(host, [&] {
    if (host.rank() == 0) write_results(options.out, options, manifest, split, evaluation);
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
