#pragma once

#include <torch/types.h>

#include <vector>

namespace fer {

/// What any rank may ask of all of them, to be done at the end of one and the same step.
struct Requests {
  bool stop = false;
  bool checkpoint = false;

  bool operator==(const Requests&) const = default;
};

/// Adds up the ranks' gradients of a step, and with them, in the same messages, what the ranks ask for.
class GradientReducer {
 public:
  /// @param device  where the gradients are
  explicit GradientReducer(torch::Device device);
  virtual ~GradientReducer() = default;
  /// Has this rank ask in all steps that follow.
  void ask(const Requests& own);
  /// What any rank asked for in the last step: on all of them the same. Waits for a GPU.
  Requests asked() const;
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

 protected:
  static constexpr std::int64_t kRequests = 2;

  // [kRequests] float32, a number above 0 for what is asked for. A sum of such numbers, in 16 bits too, is above 0.
  torch::Tensor own_requests_;
  torch::Tensor all_requests_;  // their sums, written by reduce()

 private:
  Requests asking_;
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
