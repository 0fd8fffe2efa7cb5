#pragma once

#include "optim/decay_group.h"

namespace fer {

/// Adam (Kingma and Ba, arXiv 1412.6980) with L2 weight decay, or AdamW (Loshchilov and Hutter, arXiv 1711.05101), by
/// LibTorch's fused multi-tensor kernels; torch::optim's own loop over tensors and is slower.
class Adam final : public Optimizer {
 public:
  enum class Decay { kGradients, kWeights };  // what weight decay is added to: Adam's or AdamW's

  Adam(const OptimizerConfig& config, const NamedParameters& parameters, Decay decay);
  void step(const std::vector<torch::Tensor>& gradients, const torch::Tensor& learning_rate,
            const torch::Tensor& skip) override;
  std::map<std::string, torch::Tensor> state() const override;

 private:
  struct Slots {
    DecayGroup group;
    std::vector<torch::Tensor> means;    // running means of gradients
    std::vector<torch::Tensor> squares;  // running means of squared gradients
    std::vector<torch::Tensor> steps;    // the count, once for each parameter, as the kernel wants it
  };

  Decay decay_;
  std::vector<Slots> slots_;
  torch::Tensor count_;  // float32, of steps
};

}  // namespace fer
