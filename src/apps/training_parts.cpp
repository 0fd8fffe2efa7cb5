#include "apps/training_parts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include "base/text.h"
#include "cli/build_info.h"
#include "comm/agreement.h"
#include "data/selection.h"
#include "model/freeze.h"
#include "model/memory_format.h"
#include "model/stages.h"
#include "train/saved_net.h"

namespace fer {
namespace {

/// For each look the host waits for the GPU.
constexpr std::int64_t kStepsBetweenLooks = 32;

void log_transfer(const TransferReport& report, const std::string& source) {
  if (report.fresh.empty() && report.unexpected.empty()) return;
  spdlog::info("init   {}; fresh: {}; not used: {}", source, report.fresh.empty() ? "nothing" : join(report.fresh),
               report.unexpected.empty() ? "nothing" : join(report.unexpected));
}

/// @param seed  of the run, which may be one of several members'
TrainerConfig phase_config(const TrainOptions& phase, std::uint64_t seed, Net& net, const RunData& data,
                           const Placement& placement, int ranks) {
  freeze(net, phase.freeze);
  TrainerConfig config = phase.trainer;
  config.seed = seed;
  auto& weights = config.loss.class_weights;
  weights = class_weights(phase.class_weights, class_counts(data.train, std::ssize(data.classes)), data.classes);
  if (weights.defined()) weights = weights.to(placement.device);
  if (placement.device.is_cuda()) {
    config.autocast = phase.precision == "bf16";
    config.look_every = kStepsBetweenLooks;
    // MPI's messages start from copies on the host, and anomaly detection looks at each gradient there.
    config.records_steps = phase.cuda_graph != "off" && !phase.debug && (ranks == 1 || placement.backend == "nccl");
  }
  return config;
}

}  // namespace

ModelConfig net_config(const TrainOptions& options, const RunData& data) {
  const auto crop = options.data.training_set.augmentation.spec.crop;
  ModelConfig config = options.net;
  config.classes = std::ssize(data.classes);
  config.height = crop > 0 ? crop : data.manifest.height;
  config.width = crop > 0 ? crop : data.manifest.width;
  return config;
}

CheckpointInfo checkpoint_info(const TrainOptions& options, const RunData& data, std::int64_t global_batch_size,
                               int ranks) {
  auto info = describe(net_config(options, data), data.classes);
  info.picture_height = data.manifest.height;
  info.picture_width = data.manifest.width;
  info.recipe = options.recipe;
  info.dataset_digest = data.manifest.digest();
  info.config = options.ini;
  info.build = build_info();
  info.ranks = ranks;
  info.global_batch_size = global_batch_size;
  return info;
}

RunDataConfig own_data_config(const TrainOptions& options, const RunDataConfig& job, int ranks) {
  RunDataConfig config = job;
  config.training_set = options.data.training_set;
  if (options.batch_size > 0) config.training_set.global_batch_size = options.batch_size * ranks;
  return config;
}

void check_batch(const TrainOptions& options, const RunData& data, std::int64_t batch, int world_size) {
  const auto samples = data.train_size();
  for (const auto& phase : options.phases)
    require_together(
        data.validation || !phase.trainer.monitor.needs_validation(), ExitCode::kUsage,
        fmt::format("--monitor {} needs a validation split, and the dataset has none.", phase.trainer.monitor.name));
  require_together(samples >= world_size, ExitCode::kUsage,
                   fmt::format("the train split has {} samples, fewer than the {} ranks.", samples, world_size));
  require_together(samples >= batch, ExitCode::kUsage,
                   fmt::format("the train split has {} samples, fewer than one global batch of {}: lower --batch-size "
                               "(per rank) or --global-batch-size.",
                               samples, batch));
  require_together(batch >= world_size, ExitCode::kUsage,
                   fmt::format("a global batch of {} leaves some of the {} ranks without a sample: raise "
                               "--global-batch-size or start fewer ranks.",
                               batch, world_size));
  require_together(options.trainer.accumulate <= batch / world_size, ExitCode::kUsage,
                   fmt::format("--accumulate {} cuts the {} samples that a rank has in a step into more parts than "
                               "samples.",
                               options.trainer.accumulate, batch / world_size));
  if (const auto virtual_ranks = options.trainer.virtual_ranks; virtual_ranks > 0) {
    require_together(
        virtual_ranks >= world_size, ExitCode::kUsage,
        fmt::format("--deterministic world has {} virtual ranks for {} ranks: start at most as many ranks, "
                    "or raise --virtual-ranks.",
                    virtual_ranks, world_size));
    require_together(batch >= 2 * virtual_ranks, ExitCode::kUsage,
                     fmt::format("a global batch of {} leaves some of {} virtual ranks with less than two samples: "
                                 "raise --global-batch-size or lower --virtual-ranks.",
                                 batch, virtual_ranks));
    return;
  }
  const bool shared_statistics = world_size > 1 && options.trainer.sync_batch_norm != SyncBatchNorm::kOff;
  require_together(
      (shared_statistics ? batch : batch / world_size) > 1, ExitCode::kUsage,
      "a step would take batch statistics of a single sample, which has no variance: use a larger batch, or "
      "--sync-batch-norm on with several ranks.");
}

std::shared_ptr<Net> make_net(const TrainOptions& options, const RunData& data, const torch::Device& device,
                              const std::string& init_from) {
  torch::manual_seed(options.data.training_set.seed);
  auto net = make_model(net_config(options, data));
  if (!init_from.empty())
    log_transfer(load_backbone(*net, read_weights(init_from), net->head_names(), init_from), init_from);
  net->to(device);
  if (options.memory_format == "channels-last") use_channels_last(*net);
  run_plain(*net, options.engine == "plain");
  if (options.precision == "bf16" && device.is_cpu()) {
    require(has_chain_kernels(), ExitCode::kUsage,
            "--precision bf16 wants a CPU with AVX2 or AVX-512, or a GPU: here it would be slower than fp32. Leave it "
            "out.");
    use_map_storage(*net, MapStorage::kBfloat16);
  }
  return net;
}

std::vector<TrainerConfig> phase_configs(const TrainOptions& options, Net& net, const RunData& data,
                                         const Placement& placement, int ranks) {
  std::vector<TrainerConfig> phases;
  for (const auto& phase : options.phases) {
    phases.push_back(phase_config(phase, options.data.training_set.seed, net, data, placement, ranks));
    phases.back().phase = std::ssize(phases) - 1;
    phases.back().fault = options.fault;
  }
  freeze(net, options.phases.front().freeze);
  return phases;
}

std::int64_t epochs_of(const std::vector<TrainerConfig>& phases) {
  std::int64_t epochs = 0;
  for (const auto& phase : phases) epochs += phase.epochs;
  return epochs;
}

}  // namespace fer
