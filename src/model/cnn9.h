#pragma once

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// Nine convolutions, without batch norm and dropout: 3 x [3 x (conv3x3, same size, ReLU), max-pool 2] with 32, 64 and
/// 128 channels, flatten, linear 64 and 64 (ReLU), classes. 779,783 parameters at 48x48 with seven classes. Wants
/// pictures of at least 8x8. Weights start by He's rule (arXiv 1502.01852), our choice.
class Cnn9 final : public Net {
 public:
  explicit Cnn9(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override { return {"classifier.4"}; }

 private:
  Stages features_;
  Stages classifier_;
};

}  // namespace fer
