#pragma once

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// Two convolutions and three dense layers: conv5x5 64, ReLU, max-pool 2, conv4x4 32, ReLU, max-pool 2, flatten, linear
/// 256 and 128 (ReLU), classes. Its author names the convolutions, the count of dense layers and the ReLU between them;
/// ReLU and max-pool after each convolution, no padding and the widths 256 and 128 are our choice. 732,071 parameters
/// at 48x48 with seven classes. Wants pictures of at least 14x14.
class Cnn2 final : public Net {
 public:
  explicit Cnn2(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override { return {"classifier.4"}; }

 private:
  Stages features_;
  Stages classifier_;
};

}  // namespace fer
