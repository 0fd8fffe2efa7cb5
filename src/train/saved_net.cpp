#include "train/saved_net.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/memory_format.h"

namespace fer {

namespace {

constexpr std::int64_t kMostPixels = 1 << 22;  // of a picture, beyond which a damaged description would take all memory

}  // namespace

CheckpointInfo describe(const ModelConfig& config, const std::vector<std::string>& classes) {
  CheckpointInfo info;
  info.model = config.name;
  info.classes = classes;
  info.height = config.height;
  info.width = config.width;
  info.input_size = config.input_size;
  info.head = config.head;
  info.stages = config.stages;
  info.dropout = config.dropout;
  return info;
}

PictureSize pictures_of(const CheckpointInfo& info, const std::string& path) {
  const auto height = info.picture_height, width = info.picture_width;
  require(height > 0 && width > 0 && height <= kMostPixels / width, ExitCode::kBadInput,
          fmt::format("'{}' learned from pictures of {}x{} pixels, which cannot be.", path, height, width));
  return {static_cast<std::int32_t>(height), static_cast<std::int32_t>(width)};
}

ViewConfig view_of(const CheckpointInfo& info, TestViews views, PictureSize pictures) {
  const bool window = info.height < pictures.height || info.width < pictures.width;
  return {views, window ? static_cast<std::int32_t>(info.height) : 0};
}

std::shared_ptr<Net> restore_net(const Checkpoint& checkpoint, const std::string& path, const torch::Device& device) {
  const auto& info = checkpoint.info;
  require(info.height > 0 && info.width > 0 && info.height <= kMostPixels / info.width, ExitCode::kBadInput,
          fmt::format("'{}' is for pictures of {}x{} pixels, which cannot be.", path, info.height, info.width));
  auto net = make_model({info.model, static_cast<std::int64_t>(info.classes.size()), info.height, info.width,
                         info.input_size, info.head, info.stages, info.dropout});
  load_model_tensors(*net, checkpoint.model, path);
  net->to(device);
  use_channels_last(*net);
  return net;
}

}  // namespace fer
