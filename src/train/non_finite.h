#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "data/training_set.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "train/loss.h"

namespace fer {

/// Whether an element of a tensor is no finite number. @return a bool scalar on their device
torch::Tensor not_finite(const std::vector<torch::Tensor>& tensors);

/// The first quantity of a step that is no finite number.
struct NonFinite {
  std::int64_t place = 0;  // in the order in which a step computes: the earlier of two ranks' is the cause
  std::string what;        // with its layer, as in "the output of log at layer 'fc'"
};

/// Looks for where a step went wrong, in the order in which it computes: pictures, weights, the output of each
/// operation of the forward pass, loss, gradients. Runs the net on the parts of the batch once more. Collective while
/// batch norms share statistics.
/// @param gradients  of `parameters`, over all ranks
NonFinite first_non_finite(Net& net, const std::vector<TrainingBatch>& parts, const LossConfig& loss,
                           const NamedParameters& parameters, const std::vector<torch::Tensor>& gradients);

}  // namespace fer
