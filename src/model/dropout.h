#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <optional>

#include "kernels/dropout.h"

namespace fer {

/// Where in training a forward pass is: what dropout depends on, and the number of ranks does not.
struct DropoutPlace {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int64_t first_row = 0;      // of this rank's samples in the batch of all ranks
  torch::Tensor step_on_gpu = {};  // int32 scalar, the step where a recorded step reads it; undefined on CPUs
};

/// Dropout with the numbers of kernels/dropout.h.
class DropoutImpl : public torch::nn::Module {
 public:
  /// @param rate  in [0, 1)
  explicit DropoutImpl(double rate) : rate_(rate) {}

  /// @param input  [N, ...]
  torch::Tensor forward(const torch::Tensor& input);

  /// What to drop now; nothing in eval mode.
  std::optional<DropoutMask> mask() const;
  /// The step on a GPU; undefined if that is not known there, or on a CPU.
  torch::Tensor step_on(const torch::Device& device) const;

  void place(const DropoutPlace& place, std::uint32_t layer);

 private:
  double rate_;
  DropoutPlace place_;
  std::uint32_t layer_ = 0;
};
TORCH_MODULE(Dropout);

/// Tells every dropout inside `net` where training is, and which of them it is. Until then all are at the same place.
void place_dropout(torch::nn::Module& net, const DropoutPlace& place);

}  // namespace fer
