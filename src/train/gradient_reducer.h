#pragma once

#include <torch/types.h>

#include <vector>

#include "comm/communicator.h"

namespace fer {

/// Adds up the ranks' gradients between the backward pass and the optimizer.
class GradientReducer {
 public:
  virtual ~GradientReducer() = default;
  /// Ahead of the forward pass of each part of a step.
  virtual void begin_part() {}
  /// Behind the backward pass of each part, or in place of both passes where it has no samples.
  /// @param share  of the step's samples of all ranks, that the part has
  virtual void end_part(double /*share*/) {}
  /// Takes the gradients that backward left in the parameters (and clears them there, so that the next backward need
  /// not add), and returns their sums over the ranks, in the parameters' order, shapes and layouts. Collective.
  virtual std::vector<torch::Tensor> reduce() = 0;
};

/// All gradients in one bucket, reduced in one call after the backward pass.
class FlatReducer final : public GradientReducer {
 public:
  /// @param parameters  floating-point, of one type, on one device, without holes in their memory.
  FlatReducer(std::vector<torch::Tensor> parameters, Communicator& communicator);

  std::vector<torch::Tensor> reduce() override;

 private:
  std::vector<torch::Tensor> take_gradients();

  std::vector<torch::Tensor> parameters_;
  Communicator& communicator_;
  torch::Tensor bucket_;              // [all elements]
  std::vector<torch::Tensor> views_;  // one per parameter, into the bucket, with the parameter's strides
};

}  // namespace fer
