#pragma once

#include <memory>
#include <string>

#include "artifacts/checkpoint.h"
#include "data/loader.h"
#include "model/model.h"

namespace fer {

/// How a checkpoint describes a net for pictures of `config`'s size.
CheckpointInfo describe(const ModelConfig& config, const std::vector<std::string>& classes);

/// The size of the pictures that a checkpoint's net learned from.
/// @param path  names the checkpoint in errors.
/// @throws Error (kBadInput) if there are no pictures of such a size.
PictureSize pictures_of(const CheckpointInfo& info, const std::string& path);

/// What of pictures of a size such a net is to be shown: all, or windows as large as it was trained on.
ViewConfig view_of(const CheckpointInfo& info, TestViews views, PictureSize pictures);

/// The net that a checkpoint describes, with its weights. Not collective.
/// @param path  names the checkpoint in errors.
/// @throws Error (kBadInput) if the checkpoint's tensors are not those of the net.
std::shared_ptr<Net> restore_net(const Checkpoint& checkpoint, const std::string& path, const torch::Device& device);

}  // namespace fer
