#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace fer {

struct OptimizerConfig {
  std::string name = "adam";  // adam | adamw | sgd | nesterov
  double learning_rate = 1e-3;
  double momentum = 0.9;      // of sgd and nesterov
  double weight_decay = 0.0;  // L2, added to the gradient; of adamw taken off the weights, scaled by the learning rate
  bool decays_all = true;     // otherwise weight decay spares tensors of one dimension: biases and batch norms
};

/// Updates the parameters of a net in place from gradients of the same shapes and layouts.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// @param learning_rate  float64 scalar on the CPU, or float32 on the parameters' device.
  /// @param skip  float32 scalar on the parameters' device: where it is 1, nothing changes
  virtual void step(const std::vector<torch::Tensor>& gradients, const torch::Tensor& learning_rate,
                    const torch::Tensor& skip) = 0;
  /// What it remembers, for a checkpoint: "<quantity>.<parameter>" to tensor.
  virtual std::map<std::string, torch::Tensor> state() const = 0;
  /// Takes up what another of the same kind remembered. @throws Error (kBadInput) naming what is missing.
  void restore(const std::map<std::string, torch::Tensor>& state);

 private:
  /// After the tensors of state() have been written.
  virtual void on_restored() {}
};

using NamedParameters = std::vector<std::pair<std::string, torch::Tensor>>;

/// @throws Error (kUsage) for an unknown name.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedParameters& parameters);

std::vector<std::string> optimizer_names();

}  // namespace fer
