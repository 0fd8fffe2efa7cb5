#pragma once

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// Three convolutions, then a deep narrow perceptron: 3 x [conv3x3 (1 -> 32 -> 64 -> 128), batch norm, ReLU, max-pool
/// 2, dropout 0.25], flatten, linear 256 and 128 (batch norm, ReLU, dropout 0.5), 64, 32 and 16 (batch norm, ReLU),
/// classes. 1,317,827 parameters at 48x48 with three classes. Wants pictures of at least 8x8.
class Cnn3Mlp final : public Net {
 public:
  /// @param dropout  scale of all dropout rates: 1 as above, 0 for none.
  explicit Cnn3Mlp(const ModelConfig& config, double dropout = 1.0);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override { return {"classifier.17"}; }

 private:
  Stages features_;
  Stages classifier_;
};

}  // namespace fer
