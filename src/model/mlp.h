#pragma once

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// A perceptron on the pixels: flatten, linear 128 and 64 (ReLU), classes. 303,751 parameters at 48x48 with seven
/// classes. Takes pictures of any size, from 1x1.
class Mlp final : public Net {
 public:
  explicit Mlp(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& images) override { return classifier_->forward(images.flatten(1)); }
  std::vector<std::string> head_names() const override { return {"classifier.4"}; }

 private:
  Stages classifier_;
};

}  // namespace fer
