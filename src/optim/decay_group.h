#pragma once

#include "optim/optimizer.h"

namespace fer {

/// Parameters with one weight decay, which one call of a fused kernel updates.
struct DecayGroup {
  double weight_decay = 0;
  std::vector<std::string> names;
  std::vector<torch::Tensor> parameters;
  std::vector<std::size_t> places;  // of each among all parameters

  /// Those of all gradients that are for this group.
  std::vector<torch::Tensor> own(const std::vector<torch::Tensor>& gradients) const;
};

/// All parameters in one group, or in two where weight decay spares biases and batch norms. None is empty.
std::vector<DecayGroup> decay_groups(const OptimizerConfig& config, const NamedParameters& parameters);

}  // namespace fer
