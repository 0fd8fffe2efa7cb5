#pragma once

#include <memory>
#include <vector>

#include "artifacts/checkpoint.h"
#include "cli/train_options.h"
#include "comm/placement.h"
#include "model/model.h"
#include "train/run_data.h"
#include "train/trainer_config.h"

namespace fer {

/// The net that options ask for, for pictures, or windows of them, as the data has them.
ModelConfig net_config(const TrainOptions& options, const RunData& data);

/// The same as its checkpoints describe it, with recipe and data.
CheckpointInfo checkpoint_info(const TrainOptions& options, const RunData& data, std::int64_t global_batch_size,
                               int ranks);

/// What one run of a job reads: the job's data, with seed, augmentation and batch of its own.
/// @param ranks  of the run, which may be fewer than the job's
RunDataConfig own_data_config(const TrainOptions& options, const RunDataConfig& job, int ranks);

/// Refuses a global batch that the data cannot fill or the ranks cannot share, and a monitor that the data have nothing
/// for. All ranks call it alike. @throws AgreedError (kUsage).
void check_batch(const TrainOptions& options, const RunData& data, std::int64_t batch, int world_size);

/// The net with its first weights, as it runs on `device`. Not collective.
/// @param init_from  a file of weights to begin with; empty: none
/// @throws Error (kUsage) where the device cannot run it so, or for a file of weights that will not do.
std::shared_ptr<Net> make_net(const TrainOptions& options, const RunData& data, const torch::Device& device,
                              const std::string& init_from);

/// What is trained one after the other. Leaves `net` frozen as the first of them has it. Not collective.
/// @throws Error for a file of class weights, or a pattern of what to freeze, that will not do.
std::vector<TrainerConfig> phase_configs(const TrainOptions& options, Net& net, const RunData& data,
                                         const Placement& placement, int ranks);

/// Of all phases together.
std::int64_t epochs_of(const std::vector<TrainerConfig>& phases);

}  // namespace fer
