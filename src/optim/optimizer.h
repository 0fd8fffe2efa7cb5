#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fer {

struct OptimizerConfig {
  std::string name = "adam";  // adam | sgd
  double learning_rate = 1e-3;
  double momentum = 0.9;      // of sgd
  double weight_decay = 0.0;  // L2, added to the gradient
};

/// Updates the parameters of a net in place from gradients of the same shapes and layouts.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual void step(const std::vector<torch::Tensor>& gradients, double learning_rate) = 0;
  /// What it remembers, for a checkpoint: "<quantity>.<parameter>" to tensor.
  virtual std::map<std::string, torch::Tensor> state() const = 0;
};

using NamedParameters = std::vector<std::pair<std::string, torch::Tensor>>;

/// @throws Error (kUsage) for an unknown name.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedParameters& parameters);

std::vector<std::string> optimizer_names();

}  // namespace fer
