#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "data/training_set.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "train/loss.h"

namespace fer {

/// Whether every element of every tensor is a finite number. Waits for a GPU.
bool all_finite(const std::vector<torch::Tensor>& tensors);

/// Looks for where a step went wrong, in the order in which a step computes: pictures, weights, the output of each
/// operation of the forward pass, loss, gradients. Runs the net on the batch once more.
/// @param gradients  of `parameters`, over all ranks
/// @return the first quantity that is no finite number and its layer, as in "the output of log after layer 'fc'"
std::string first_non_finite(Net& net, const TrainingBatch& batch, const LossConfig& loss,
                             const NamedParameters& parameters, const std::vector<torch::Tensor>& gradients);

}  // namespace fer
