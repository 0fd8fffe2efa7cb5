#pragma once

#include "optim/optimizer.h"

namespace fer {

/// Adam (Kingma and Ba, arXiv 1412.6980) with L2 weight decay, by LibTorch's fused multi-tensor kernel; torch::optim's
/// own loops over tensors and is slower.
class Adam final : public Optimizer {
 public:
  Adam(const OptimizerConfig& config, const NamedParameters& parameters);
  void step(const std::vector<torch::Tensor>& gradients, double learning_rate) override;
  std::map<std::string, torch::Tensor> state() const override;

 private:
  double weight_decay_;
  std::vector<std::string> names_;
  std::vector<torch::Tensor> parameters_;
  std::vector<torch::Tensor> means_;    // running means of gradients
  std::vector<torch::Tensor> squares_;  // running means of squared gradients
  std::vector<torch::Tensor> steps_;    // float32 scalars, as the kernel wants them
};

}  // namespace fer
