#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <vector>

#include "model/model.h"

namespace fer {

/// Stages of 3x3 convolutions with batch norm and ReLU, each ended by a max-pool 2 and dropout 0.25; then a dense layer
/// with batch norm, ReLU and dropout 0.5, and the classes. Wants pictures of at least 16x16.
///
/// `kCnn4`: four convolutions. Its author tells 1,949,447 parameters, convolutions, pools and dense layers; the table
/// is ours:
///
///     layer, at 48x48 with seven classes                            output        parameters
///     conv3x3, batch norm, ReLU, max-pool 2, dropout 0.25         48 x 24 x 24           576
///     the same                                                    96 x 12 x 12        41,760
///     the same                                                   192 x 6 x 6         166,464
///     the same                                                   384 x 3 x 3         664,704
///     flatten, linear, batch norm, ReLU, dropout 0.5             304               1,051,536
///     linear                                                     classes               2,135
///                                                                                  1,927,175
///
/// That is 1.1 % below the author's count.
///
/// `kCnn7`: seven convolutions. Its author tells 1,394,183 parameters:
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
/// That is 0.6 % below the author's count.
class StagedCnn final : public Net {
 public:
  struct Stage {
    std::int64_t width;
    int convolutions;
  };
  struct Shape {
    std::vector<Stage> stages;
    std::int64_t dense;
  };
  static const Shape kCnn4;
  static const Shape kCnn7;

  StagedCnn(const ModelConfig& config, const Shape& shape);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::string head_name() const override { return "classifier.4"; }

 private:
  torch::nn::Sequential features_;
  torch::nn::Sequential classifier_;
};

}  // namespace fer
