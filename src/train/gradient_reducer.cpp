#include "train/gradient_reducer.h"

#include <torch/torch.h>

#include <utility>

namespace fer {

GradientReducer::GradientReducer(torch::Device device)
    : own_requests_(torch::zeros({kRequests}, torch::dtype(torch::kFloat32).device(device))),
      all_requests_(torch::zeros_like(own_requests_)) {}

void GradientReducer::ask(const Requests& own) {
  if (own == std::exchange(asking_, own)) return;
  own_requests_.copy_(torch::tensor({own.stop ? 1.F : 0.F, own.checkpoint ? 1.F : 0.F}));
}

Requests GradientReducer::asked() const {
  const auto sums = all_requests_.to(torch::kCPU);
  const auto* asked = sums.const_data_ptr<float>();
  return {asked[0] > 0, asked[1] > 0};
}

std::vector<torch::Tensor> take_gradients(const std::vector<torch::Tensor>& parameters) {
  std::vector<torch::Tensor> gradients;
  for (auto parameter : parameters) {
    auto& gradient = parameter.mutable_grad();
    gradients.push_back(gradient.defined() ? gradient : torch::zeros_like(parameter));
    gradient.reset();
  }
  return gradients;
}

std::vector<torch::Tensor> views_like(const std::vector<torch::Tensor>& tensors, const torch::Tensor& flat) {
  std::vector<torch::Tensor> views;
  std::int64_t offset = flat.storage_offset();
  for (const auto& tensor : tensors) {
    views.push_back(flat.as_strided(tensor.sizes(), tensor.strides(), offset));
    offset += tensor.numel();
  }
  return views;
}

torch::Tensor flat_for(const std::vector<torch::Tensor>& tensors) {
  std::int64_t elements = 0;
  for (const auto& tensor : tensors) elements += tensor.numel();
  return torch::zeros({elements}, tensors.at(0).options().requires_grad(false));
}

}  // namespace fer
