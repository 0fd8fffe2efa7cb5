#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/safetensors.h"
#include "comm/communicator.h"

namespace fer {

/// What a checkpoint says about its net, enough to build it again and to label its outputs.
struct CheckpointInfo {
  std::string model;
  std::vector<std::string> classes;
  std::int64_t height = 0;  // of what the net sees: a window of a picture, or all of it
  std::int64_t width = 0;
  std::int64_t picture_height = 0;  // of the dataset's pictures
  std::int64_t picture_width = 0;
  std::int64_t input_size = 0;
  std::string head;
  std::string stages;
  double dropout = -1;
  std::string recipe;
  std::string dataset_digest;
  std::string config;      // all options of the run, the seed among them, as config.ini has them; empty: unknown
  std::string class_weights;  // of the phases' losses, in text; empty: unknown
  nlohmann::json build;    // build_info() of the program; null: unknown
  std::int64_t ranks = 0;  // that trained; 0: unknown
  std::int64_t global_batch_size = 0;  // samples of a step, of all ranks together; 0: unknown
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::string monitor;      // to which metric schedule and early stopping listen; empty: unknown
  std::string best_metric;  // by which the best epoch is chosen; empty: unknown
  std::string stop_reason;  // why its epoch was the last of its phase, though more were allowed; else empty
  nlohmann::json metrics = nlohmann::json::object();
};

struct Checkpoint {
  CheckpointInfo info;
  std::map<std::string, torch::Tensor> model;  // under LibTorch's names
  std::map<std::string, torch::Tensor> state;  // optimizer, schedule, early stopping, position; may be empty
};

/// Parameters and buffers of a net by name, sharing its memory.
std::map<std::string, torch::Tensor> model_tensors(const torch::nn::Module& net);

/// A copy on the host, which training leaves alone.
Checkpoint host_copy(const Checkpoint& checkpoint);

/// One file, published by one rename; `state` goes under "state.". @throws Error (kIo).
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// @throws Error (kBadInput) if the file is missing, damaged, or no checkpoint of ours.
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// A checkpoint and the file that it was in.
struct FoundCheckpoint {
  std::filesystem::path path;
  Checkpoint checkpoint;
};

/// The checkpoint of a folder that is furthest in its run, of those that can be read whole; what is damaged is said and
/// passed over. Nothing if the folder holds none.
/// @throws Error (kBadInput) if there are some, but none that can be read.
std::optional<FoundCheckpoint> furthest_checkpoint(const std::filesystem::path& folder);

/// Rank 0's checkpoint on every rank. Collective.
Checkpoint shared_checkpoint(const Checkpoint& checkpoint, Communicator& communicator);

/// The net's tensors of a checkpoint, or of any safetensors file. @throws Error (kBadInput) as read_safetensors().
std::map<std::string, torch::Tensor> read_weights(const std::filesystem::path& path);

/// Copies tensors into a net of the same architecture: all of them, or none if it throws.
/// @throws Error (kBadInput) naming missing and unexpected tensors, both shapes or types where they differ, or a tensor
///         whose values are not all finite.
void load_model_tensors(torch::nn::Module& net, const std::map<std::string, torch::Tensor>& tensors,
                        const std::string& source);

struct TransferReport {
  std::vector<std::string> fresh;       // tensors of the net that keep their values
  std::vector<std::string> unexpected;  // tensors that the net has no place for
};

/// Copies into a net what there is for it, by name, as transfer learning does. A head is taken as a whole, if all of
/// it is there and fits, else left as it is.
/// @param head_names  Net::head_names()
/// @throws Error (kBadInput) naming both shapes where others than a head's differ, as load_model_tensors() does, or if
///         nothing is for this net; the net is as it was then.
TransferReport load_backbone(torch::nn::Module& net, const std::map<std::string, torch::Tensor>& tensors,
                             const std::vector<std::string>& head_names, const std::string& source);

}  // namespace fer
