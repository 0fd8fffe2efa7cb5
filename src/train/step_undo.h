#pragma once

#include <torch/types.h>

#include <vector>

namespace fer {

/// What a step changes beside weights, so that a step that is left out leaves nothing behind.
class StepUndo {
 public:
  /// @param tensors  on one device; their memory is shared
  explicit StepUndo(std::vector<torch::Tensor> tensors);

  void remember();
  /// @param undone  a scalar on their device: where it is 1, they are again what they were when last remembered. Never
  ///                waits for the device.
  void take_back(const torch::Tensor& undone);

 private:
  std::vector<torch::Tensor> tensors_;
  std::vector<torch::Tensor> remembered_;
};

}  // namespace fer
