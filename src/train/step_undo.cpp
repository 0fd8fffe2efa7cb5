#include "train/step_undo.h"

#include <torch/torch.h>

namespace fer {

StepUndo::StepUndo(std::vector<torch::Tensor> tensors) : tensors_(std::move(tensors)) {
  for (const auto& tensor : tensors_) remembered_.push_back(tensor.clone());
}

void StepUndo::remember() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < tensors_.size(); ++i) remembered_[i].copy_(tensors_[i]);
}

void StepUndo::take_back(const torch::Tensor& undone) {
  const torch::NoGradGuard no_grad;
  const auto chosen = undone.eq(1);  // never multiplied by: nothing times NaN is NaN
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    tensors_[i].copy_(torch::where(chosen, remembered_[i], tensors_[i]));
}

}  // namespace fer
