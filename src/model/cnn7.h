#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "model/model.h"

namespace fer {

/// Seven convolutions. Its author tells 1,394,183 parameters, convolutions, pools and dense layers; the table is ours:
///
///     layer, at 48x48 with seven classes                            output        parameters
///     conv3x3, batch norm, ReLU; max-pool 2, dropout 0.25         32 x 24 x 24           384
///     2 x (conv3x3, batch norm, ReLU); max-pool 2, dropout        64 x 12 x 12        55,680
///     the same                                                   128 x 6 x 6         221,952
///     the same                                                   256 x 3 x 3         886,272
///     flatten, linear, batch norm, ReLU, dropout 0.5              96                 221,472
///     linear                                                     classes                 679
///                                                                                  1,386,439
///
/// That is 0.6 % below the author's count. Wants pictures of at least 16x16.
class Cnn7 final : public Net {
 public:
  explicit Cnn7(const ModelConfig& config);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::string head_name() const override { return "classifier.4"; }

 private:
  torch::nn::Sequential features_;
  torch::nn::Sequential classifier_;
};

}  // namespace fer
