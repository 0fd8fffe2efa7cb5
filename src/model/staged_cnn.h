#pragma once

#include <string>

#include "model/model.h"
#include "model/stages.h"

namespace fer {

/// Stages of 3x3 convolutions with batch norm and ReLU, each ended by a max-pool 2 and dropout; then a head as of
/// make_flat_head(). Wants pictures of at least 2 to the power of its stages. A config's `stages`, `dropout` and `head`
/// replace those of the shape.
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
///
/// `kCnnBayes`: found by the search of launch/studies/cnn-bayes.ini. Its author tells 2,901,831 parameters:
///
///     layer, at 48x48 with seven classes                            output        parameters
///     conv3x3, batch norm, ReLU; max-pool 2, dropout 0.05         48 x 24 x 24           576
///     2 x (conv3x3, batch norm, ReLU); max-pool 2, dropout        80 x 12 x 12        92,640
///     conv3x3, batch norm, ReLU; max-pool 2, dropout             160 x 6 x 6         115,680
///     the same                                                   128 x 3 x 3         184,704
///     flatten, linear, batch norm, ReLU, dropout 0.6            2159               2,493,645
///     linear                                                     classes              15,120
///                                                                                  2,902,365
class StagedCnn final : public Net {
 public:
  struct Shape {
    std::string stages;  // width x convolutions of each, as in "32x1,64x2"
    double dropout;      // behind each stage, in [0, 1)
    std::string head;
  };
  static const Shape kCnn4;
  static const Shape kCnn7;
  static const Shape kCnnBayes;

  /// @throws Error (kUsage) naming the part of `stages` or `head` that cannot be read, or if pictures are too small.
  StagedCnn(const ModelConfig& config, const Shape& shape);

  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override;

 private:
  Stages features_;
  Stages classifier_ = nullptr;
};

}  // namespace fer
