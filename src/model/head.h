#pragma once

#include <string>

#include "model/stages.h"

namespace fer {

/// Layers between a backbone's feature maps [N, channels, H, W] and the logits [N, classes], by a list of parts:
/// `conv:128` (3x3, same size), `dense:64`, `norm` (batch norm), `relu`, `dropout:0.5`. The maps are averaged over
/// their places ahead of the first `dense`, or at the end; a linear layer to the classes comes last. As in
/// `conv:128,relu,dense:128,relu,dropout:0.3`.
/// @throws Error (kUsage) naming the part.
Stages make_head(const std::string& spec, std::int64_t channels, std::int64_t classes);

/// The same between features in a row, [N, width], and the logits: without `conv`, and nothing is averaged.
Stages make_flat_head(const std::string& spec, std::int64_t width, std::int64_t classes);

}  // namespace fer
