#pragma once

#include <torch/types.h>

#include <vector>

namespace fer {

/// Adds up the ranks' gradients of a step.
class GradientReducer {
 public:
  virtual ~GradientReducer() = default;
  /// Ahead of the forward pass of each part of a step.
  /// @param last  of the step, on this rank
  virtual void begin_part(bool /*last*/) {}
  /// Behind the backward pass of each part, or in place of both passes where it has no samples.
  /// @param share  of the step's samples of all ranks, that the part has
  virtual void end_part(double /*share*/) {}
  /// Takes the gradients that backward left in the parameters (and clears them there, so that the next backward need
  /// not add), and returns their sums over the ranks, in the parameters' order, shapes and layouts: to be read, not
  /// written, and until the next step. Collective.
  virtual std::vector<torch::Tensor> reduce() = 0;
};

/// The gradients that backward left in the parameters, which have none from then on; zeros where it left none.
std::vector<torch::Tensor> take_gradients(const std::vector<torch::Tensor>& parameters);

/// Parts of `flat`, one behind the other, with the sizes and strides of `tensors`: with its parameter's own strides the
/// optimizer's kernel walks a gradient in memory order.
/// @param flat  [as many elements as all of `tensors`]
std::vector<torch::Tensor> views_like(const std::vector<torch::Tensor>& tensors, const torch::Tensor& flat);

/// A new tensor that views_like() fits.
torch::Tensor flat_for(const std::vector<torch::Tensor>& tensors);

}  // namespace fer
