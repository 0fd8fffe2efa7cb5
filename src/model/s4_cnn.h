#pragma once

#include "model/rgb_net.h"
#include "model/stages.h"

namespace fer {

/// The CNN whose loss became NaN in its author's first epoch, on 96x96x3: 2 x [conv4x4 256 without padding, ReLU,
/// max-pool 3], linear 256, 256 and 10 over the channels of each pixel (no activation is stated: none), flatten, linear
/// 256 (ReLU), classes, **ReLU**. That last one is the author's mistake, kept, with what cross entropy on
/// such outputs makes of it: they are taken for probabilities, divided by their sum, and the logarithm of the zeros
/// among them is infinite. The normalisation is RgbNet's, our choice. 1,404,945 parameters at 96x96 with seven classes.
/// Brings pictures of any size to `input_size`, 96 unless told, at least 21.
class S4Cnn final : public RgbNet {
 public:
  explicit S4Cnn(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& inputs) override;
  std::vector<std::string> head_names() const override { return {"classifier.2"}; }

 private:
  Stages features_;
  Stages classifier_;
};

}  // namespace fer
