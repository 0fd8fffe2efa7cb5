#pragma once

#include <torch/torch.h>

#include "model/model.h"

namespace fer {

/// A net without batch norm and dropout, whose result therefore does not depend on how a batch is dealt to ranks.
class TinyNet final : public Net {
 public:
  TinyNet(std::int64_t side, std::int64_t classes, torch::ScalarType type) : type_(type) {
    convolution_ = register_module("convolution", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 8, 3).padding(1)));
    linear_ = register_module("linear", torch::nn::Linear(8 * (side / 2) * (side / 2), classes));
    to(type);
  }

  torch::Tensor classify(const torch::Tensor& images) override {
    const auto features = torch::max_pool2d(torch::relu(convolution_->forward(images.to(type_))), 2);
    return linear_->forward(features.flatten(1));
  }

  std::vector<std::string> head_names() const override { return {"linear"}; }

 private:
  torch::ScalarType type_;
  torch::nn::Conv2d convolution_{nullptr};
  torch::nn::Linear linear_{nullptr};
};

/// Distance of two sets of parameters over the size of the first, tensor by tensor: the largest, or NaN if one is.
inline double relative_distance(const torch::nn::Module& a, const torch::nn::Module& b) {
  auto largest = torch::zeros({}, torch::kFloat64);
  const auto left = a.parameters(), right = b.parameters();
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto reference = left[i].detach().to(torch::kFloat64);
    const auto distance = (right[i].detach().to(torch::kFloat64) - reference).norm() / reference.norm();
    largest = torch::maximum(largest, distance);
  }
  return largest.item<double>();
}

}  // namespace fer
