#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "data/training_set.h"

namespace fer {

struct LossConfig {
  std::string name = "cross-entropy";  // cross-entropy | mse: the squared error of probabilities, mean over classes
  double label_smoothing = 0;          // share of a target that is spread evenly over all classes
  torch::Tensor class_weights;         // [classes] float32, of each class's loss; undefined: all 1
};

std::vector<std::string> loss_names();

/// The sum of the samples' losses, against votes where there are any, else labels; of a sample that mixup has blended,
/// the losses of its two by their shares.
/// @param logits  [B, classes]; B may be 0
torch::Tensor summed_loss(const torch::Tensor& logits, const TrainingBatch& batch, const LossConfig& config);

}  // namespace fer
