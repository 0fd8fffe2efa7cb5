#include "artifacts/checkpoint.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/json_text.h"
#include "base/text.h"

namespace fer {
namespace {

using nlohmann::json;

constexpr const char* kInfoKey = "fer_dist_train";
constexpr std::string_view kStatePrefix = "state.";

json to_json(const CheckpointInfo& info) {
  return {{"model", info.model},
          {"classes", info.classes},
          {"image_shape", {info.height, info.width}},
          {"recipe", info.recipe},
          {"epoch", info.epoch},
          {"monitor", info.monitor},
          {"best_metric", info.best_metric},
          {"stop_reason", info.stop_reason},
          {"dataset_digest", info.dataset_digest},
          {"config", info.config},
          {"build", info.build},
          {"class_weights", info.class_weights},
          {"world_size", info.ranks},
          {"global_batch_size", info.global_batch_size},
          {"step", info.step},
          {"metrics", info.metrics},
          {"input_size", info.input_size},
          {"head", info.head},
          {"stages", info.stages},
          {"dropout", info.dropout},
          {"picture_shape", {info.picture_height, info.picture_width}}};
}

CheckpointInfo from_json(const json& value) {
  CheckpointInfo info;
  info.model = value.at("model").get<std::string>();
  info.classes = value.at("classes").get<std::vector<std::string>>();
  info.height = value.at("image_shape").at(0).get<std::int64_t>();
  info.width = value.at("image_shape").at(1).get<std::int64_t>();
  const auto picture = value.value("picture_shape", std::vector{info.height, info.width});
  info.picture_height = picture.at(0);
  info.picture_width = picture.at(1);
  info.recipe = value.at("recipe").get<std::string>();
  info.dataset_digest = value.at("dataset_digest").get<std::string>();
  info.config = value.value("config", "");
  info.build = value.value("build", json());
  info.class_weights = value.value("class_weights", "");
  info.ranks = value.value("world_size", std::int64_t{0});
  info.global_batch_size = value.value("global_batch_size", std::int64_t{0});
  info.epoch = value.at("epoch").get<std::int64_t>();
  info.monitor = value.value("monitor", "");
  info.best_metric = value.value("best_metric", "");
  info.stop_reason = value.value("stop_reason", "");
  info.step = value.at("step").get<std::int64_t>();
  info.metrics = value.at("metrics");
  info.input_size = value.value("input_size", std::int64_t{0});
  info.head = value.value("head", "");
  info.stages = value.value("stages", "");
  info.dropout = value.value("dropout", -1.0);
  return info;
}

std::string shape_text(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

torch::Tensor bytes_of(const torch::Tensor& tensor) {
  return tensor.contiguous().reshape({-1}).view(torch::kUInt8);
}

/// Rank 0's tensors on every rank. Collective.
std::map<std::string, torch::Tensor> shared_tensors(const std::map<std::string, torch::Tensor>& own,
                                                    Communicator& communicator) {
  auto list = json::array();
  for (const auto& [name, tensor] : own)
    list.push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
  std::map<std::string, torch::Tensor> shared;
  for (const auto& entry : json::parse(broadcast_text(communicator, list.dump(), /*root=*/0))) {
    const auto name = entry.at(0).get<std::string>();
    const auto type = static_cast<torch::ScalarType>(entry.at(1).get<int>());
    auto tensor = communicator.rank() == 0
                      ? own.at(name).contiguous()
                      : torch::empty(entry.at(2).get<std::vector<std::int64_t>>(), torch::dtype(type));
    if (tensor.numel() > 0) {
      auto bytes = bytes_of(tensor);
      communicator.broadcast(bytes, /*root=*/0);
    }
    shared[name] = tensor;
  }
  return shared;
}

/// How far it is in its run. Of two behind the same step the one that knows its epoch to be over is further; of two
/// alike it is the one called the last.
std::tuple<std::int64_t, std::int64_t, bool> place_of(const FoundCheckpoint& found) {
  const auto& info = found.checkpoint.info;
  return {info.step, info.epoch, found.path.stem() == "last"};
}

/// A tensor of a file, and the net's that shall have its values.
struct Copy {
  torch::Tensor from;
  torch::Tensor to;
};

/// @throws Error (kBadInput) if the values are not such as the net's tensor can have.
Copy checked_copy(const std::string& name, const torch::Tensor& tensor, const torch::Tensor& target,
                  const std::string& source) {
  require(target.sizes() == tensor.sizes(), ExitCode::kBadInput,
          fmt::format("tensor '{}' has shape {} in '{}', but {} in the net.", name, shape_text(tensor), source,
                      shape_text(target)));
  require(target.is_floating_point() == tensor.is_floating_point(), ExitCode::kBadInput,
          fmt::format("tensor '{}' is of type {} in '{}', but of {} in the net.", name, toString(tensor.scalar_type()),
                      source, toString(target.scalar_type())));
  require(!tensor.is_floating_point() || tensor.isfinite().all().item<bool>(), ExitCode::kBadInput,
          fmt::format("tensor '{}' of '{}' holds values that are no finite numbers.", name, source));
  return {tensor, target};
}

/// Only once all of them are checked, so that a net is loaded whole or not at all.
void copy_all(const std::vector<Copy>& copies) {
  const torch::NoGradGuard no_grad;
  for (auto [from, to] : copies) to.copy_(from);
}

}  // namespace

std::map<std::string, torch::Tensor> model_tensors(const torch::nn::Module& net) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : net.named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : net.named_buffers()) tensors[item.key()] = item.value();
  return tensors;
}

Checkpoint host_copy(const Checkpoint& checkpoint) {
  Checkpoint copy = checkpoint;
  for (auto* tensors : {&copy.model, &copy.state})
    for (auto& [name, tensor] : *tensors)
      tensor = tensor.detach().to(torch::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  return copy;
}

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  SafetensorsFile file;
  file.tensors = checkpoint.model;
  for (const auto& [name, tensor] : checkpoint.state) file.tensors[std::string(kStatePrefix) + name] = tensor;
  file.metadata = {{"format", "pt"}, {kInfoKey, json_text(to_json(checkpoint.info))}};
  write_safetensors(path, file);
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const SafetensorsFile file = read_safetensors(path);
  const auto info = file.metadata.find(kInfoKey);
  require(info != file.metadata.end(), ExitCode::kBadInput,
          fmt::format("'{}' is no checkpoint of fer_dist_train: it does not say what net it holds.", path.string()));
  require(file.verified, ExitCode::kBadInput,
          fmt::format("checkpoint '{}' has lost its digest: it was changed after it was written.", path.string()));
  Checkpoint checkpoint;
  try {
    checkpoint.info = from_json(json::parse(info->second));
  } catch (const json::exception& error) {
    fail(ExitCode::kBadInput, fmt::format("'{}' describes its net badly: {}.", path.string(), error.what()));
  }
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with(kStatePrefix))
      checkpoint.state[name.substr(kStatePrefix.size())] = tensor;
    else
      checkpoint.model[name] = tensor;
  }
  return checkpoint;
}

std::optional<FoundCheckpoint> furthest_checkpoint(const std::filesystem::path& folder) {
  std::optional<FoundCheckpoint> furthest;
  std::string complaint;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    if (entry.path().extension() != ".safetensors" || entry.path().filename().string().starts_with(".")) continue;
    try {
      FoundCheckpoint found{entry.path(), read_checkpoint(entry.path())};
      if (!furthest || place_of(found) > place_of(*furthest)) furthest = std::move(found);
    } catch (const Error& error) {
      complaint = error.what();
      spdlog::warn("passed over: {}", complaint);
    }
  }
  require(!failure || failure == std::errc::no_such_file_or_directory, ExitCode::kBadInput,
          fmt::format("cannot look into '{}': {}.", folder.string(), failure.message()));
  require(furthest || complaint.empty(), ExitCode::kBadInput,
          fmt::format("'{}' holds checkpoints, but none that can be read. {}", folder.string(), complaint));
  return furthest;
}

Checkpoint shared_checkpoint(const Checkpoint& checkpoint, Communicator& communicator) {
  Checkpoint shared;
  shared.info = from_json(json::parse(broadcast_text(communicator, json_text(to_json(checkpoint.info)), /*root=*/0)));
  shared.model = shared_tensors(checkpoint.model, communicator);
  shared.state = shared_tensors(checkpoint.state, communicator);
  return shared;
}

std::map<std::string, torch::Tensor> read_weights(const std::filesystem::path& path) {
  auto tensors = read_safetensors(path).tensors;
  std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with(kStatePrefix); });
  return tensors;
}

void load_model_tensors(torch::nn::Module& net, const std::map<std::string, torch::Tensor>& tensors,
                        const std::string& source) {
  const auto own = model_tensors(net);
  std::vector<std::string> missing, unexpected;
  for (const auto& [name, tensor] : own)
    if (!tensors.contains(name)) missing.push_back(name);
  for (const auto& [name, tensor] : tensors)
    if (!own.contains(name)) unexpected.push_back(name);
  require(
      missing.empty() && unexpected.empty(), ExitCode::kBadInput,
      fmt::format("'{}' holds another net: missing [{}], unexpected [{}].", source, join(missing), join(unexpected)));
  std::vector<Copy> copies;
  for (const auto& [name, tensor] : tensors) copies.push_back(checked_copy(name, tensor, own.at(name), source));
  copy_all(copies);
}

TransferReport load_backbone(torch::nn::Module& net, const std::map<std::string, torch::Tensor>& tensors,
                             const std::vector<std::string>& head_names, const std::string& source) {
  const auto own = model_tensors(net);
  const auto head_of = [&](const std::string& name) {
    return std::ranges::find_if(head_names, [&](const auto& head) { return name.starts_with(head + "."); });
  };
  std::set<std::string> unfit;  // heads of which a tensor is missing, or has another shape
  for (const auto& [name, target] : own) {
    const auto found = tensors.find(name);
    const auto head = head_of(name);
    if (head != head_names.end() && (found == tensors.end() || found->second.sizes() != target.sizes()))
      unfit.insert(*head);
  }
  TransferReport report;
  std::vector<Copy> copies;
  std::size_t loaded = 0;
  for (const auto& [name, target] : own) {
    const auto found = tensors.find(name);
    const auto head = head_of(name);
    if (found == tensors.end() || (head != head_names.end() && unfit.contains(*head))) {
      report.fresh.push_back(name);
      continue;
    }
    copies.push_back(checked_copy(name, found->second, target, source));
    loaded += head == head_names.end();
  }
  for (const auto& [name, tensor] : tensors)
    if (!own.contains(name)) report.unexpected.push_back(name);
  require(loaded > 0, ExitCode::kBadInput,
          fmt::format("'{}' holds nothing for this net: its tensors are named like '{}', the net's like '{}'.", source,
                      tensors.empty() ? "" : tensors.begin()->first, own.begin()->first));
  copy_all(copies);
  return report;
}

}  // namespace fer
