#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace fer {

/// Stops training what `pattern`, a regular expression (ECMAScript), finds in the name of: no gradients, and batch
/// norms whose weights are frozen keep their running statistics and use them. The backward pass ends where nothing
/// below it is trained.
/// @return the names of the frozen parameters; of the pattern `none` there are none
/// @throws Error (kUsage) if it is no regular expression, fits no name, or leaves nothing to train.
std::vector<std::string> freeze(torch::nn::Module& net, const std::string& pattern);

/// Net in training mode, but for the batch norms that are frozen.
void train_what_is_not_frozen(torch::nn::Module& net);

}  // namespace fer
