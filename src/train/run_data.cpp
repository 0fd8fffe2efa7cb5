#include "train/run_data.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include "base/text.h"
#include "comm/agreement.h"
#include "comm/host_memory.h"
#include "comm/placement.h"
#include "data/host_split.h"
#include "data/streamed_pixels.h"

namespace fer {
namespace {

constexpr const char* kTrainSplit = "train";

std::string first_present(const Manifest& manifest, const std::string& wanted, const std::vector<std::string>& usual) {
  if (!wanted.empty()) {
    manifest.split(wanted);  // throws if there is none
    return wanted;
  }
  for (const auto& name : usual)
    if (manifest.has_split(name)) return name;
  return {};
}

/// Of these names, those of splits with labels.
std::vector<std::string> labelled_among(const Manifest& manifest, std::vector<std::string> names) {
  std::erase_if(names, [&](const auto& name) { return !manifest.has_split(name) || !manifest.split(name).labelled; });
  return names;
}

/// Bytes that the train split may take, of a host's memory and of a GPU's. Collective.
std::int64_t memory_budget(const RunDataConfig& config, const torch::Device& device, MpiCommunicator& host) {
  const bool shared = ranks_share_memory(host);
  if (!shared) spdlog::warn("ranks cannot share memory here, so each will hold a copy of the data");
  if (config.resident_mb >= 0) return config.resident_mb << 20;
  const auto on_host = free_memory(torch::kCPU) / 4 / (shared ? 1 : host.local_size());
  return device.is_cpu() ? on_host : std::min(on_host, free_memory(device) / 2);
}

/// Whether the train split fits into the budget of every rank. Collective.
bool fits_in_memory(const RunDataConfig& config, const Manifest& manifest, const torch::Device& device,
                    MpiCommunicator& host) {
  return true_everywhere(host, split_bytes(manifest, kTrainSplit) <= memory_budget(config, device, host));
}

/// At most `count` of the selected samples, spread evenly, so that a split sorted by class keeps all its classes.
Selection thinned(const Selection& selection, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(selection.rows.size());
  if (size <= count) return selection;
  std::vector<std::int64_t> kept;
  Selection thin;
  for (std::int64_t i = 0; i < count; ++i) {
    kept.push_back(i * size / count);
    thin.rows.push_back(selection.rows[static_cast<std::size_t>(kept.back())]);
  }
  thin.labels = rows_of(selection.labels, kept);
  if (selection.class_shares.defined()) thin.class_shares = rows_of(selection.class_shares, kept);
  return thin;
}

/// Collective.
void open_train(const RunDataConfig& config, bool resident, MpiCommunicator& host, RunData& data) {
  require_together(data.manifest.split(kTrainSplit).labelled, ExitCode::kBadInput, "the train split has no labels.");
  Targets targets;
  if (resident) {
    const Split split = load_host_split(config.folder, data.manifest, kTrainSplit, host);
    targets = {split.labels, split.votes};
    data.train_images = split.images;
  }
  agree(host, [&] {
    if (!resident)
      targets = load_targets(config.folder, data.manifest, kTrainSplit, host.local_rank(), host.local_size());
    data.train =
        select_samples(targets, data.manifest.classes, config.classes, config.fraction, config.training_set.seed);
    if (config.most_samples > 0) data.train = thinned(data.train, config.most_samples);
  });
}

/// A split to be scored, without the classes that were not chosen; none where nothing is left of it. Collective.
std::optional<Split> open_scored(const RunDataConfig& config, const RunData& data, MpiCommunicator& host,
                                 const std::string& wanted, const std::vector<std::string>& usual) {
  std::string name;
  agree(host, [&] { name = first_present(data.manifest, wanted, usual); });
  if (name.empty()) return std::nullopt;
  Split split = load_host_split(config.folder, data.manifest, name, host);
  if (split.labelled() && !config.classes.empty())
    split =
        selected(split, select_samples({split.labels, {}}, data.manifest.classes, config.classes, /*fraction=*/1, 0));
  if (split.size() == 0) return std::nullopt;
  return split;
}

/// What a dataset is made of, one fact a line.
std::string lines_of(const Manifest& manifest) {
  std::vector<std::string> lines = {"classes = " + join(manifest.classes),
                                    fmt::format("pictures = {}x{}", manifest.width, manifest.height)};
  for (const auto& [name, split] : manifest.splits) {
    lines.push_back(fmt::format("{} = {} samples in {} shards", name, split.samples, split.shards.size()));
    for (const auto& shard : split.shards) lines.push_back(fmt::format("{} = {}", shard.file, shard.digest));
  }
  return join(lines, "\n");
}

/// By what dataset.json says, whose digests cover the shards: each is held against them as it is read. Collective.
void require_same_dataset(const Manifest& manifest, MpiCommunicator& host) {
  if (same_everywhere(host, manifest.digest())) return;
  require_same_lines(host, "the dataset", lines_of(manifest));
  require_same(host, "the dataset (digest of dataset.json)", manifest.digest());
}

}  // namespace

RunData open_run_data(const RunDataConfig& config, const torch::Device& device, MpiCommunicator& host) {
  RunData data;
  agree(host, [&] {
    data.manifest = read_manifest(config.folder);
    data.manifest.split(kTrainSplit);  // throws if there is none
  });
  require_same_dataset(data.manifest, host);
  data.classes = config.classes.empty() ? data.manifest.classes : config.classes;
  const bool resident = fits_in_memory(config, data.manifest, device, host);
  require_together(resident || !config.training_set.balanced, ExitCode::kUsage,
                   "--sampler balanced picks samples from all over the train split, which is too large to be held in "
                   "memory: raise --resident-mb, or use --class-weights balanced.");
  open_train(config, resident, host, data);
  data.validation = open_scored(config, data, host, config.validation_split,
                                labelled_among(data.manifest, {"validation", "public_test"}));
  require_together(!data.validation || data.validation->labelled(), ExitCode::kBadInput,
                   "the validation split has no labels.");
  data.test = open_scored(config, data, host, config.test_split, {"test", "private_test"});
  return data;
}

TrainingSet make_training_set(const RunDataConfig& config, const RunData& data, const torch::Device& device,
                              const Communicator& communicator) {
  std::unique_ptr<PixelSource> pixels;
  if (data.streamed()) {
    pixels = std::make_unique<StreamedPixels>(config.folder, data.manifest, kTrainSplit, data.train.rows, device);
  } else {
    auto blocks = blocks_of(data.manifest, kTrainSplit, data.train.rows);
    pixels = device.is_cpu() ? std::make_unique<ResidentPixels>(data.train_images, std::move(blocks), data.train.rows)
                             : std::make_unique<ResidentPixels>(rows_of(data.train_images, data.train.rows).to(device),
                                                                std::move(blocks));
  }
  return {config.training_set,    data.train.labels,   static_cast<std::int64_t>(data.classes.size()),
          std::move(pixels),      communicator.rank(), communicator.world_size(),
          data.train.class_shares};
}

}  // namespace fer
