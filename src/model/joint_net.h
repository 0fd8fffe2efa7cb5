#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/model.h"

namespace fer {

/// Three nets that are trained as one on the average of their softmax outputs:
///
///     branch     pictures                    head                                         parameters, seven classes
///     resnet50   224x224, RGB                dense 64, dropout 0.5                                      23,639,623
///     cnn-bayes  as they are, gray           its own                                             see StagedCnn
///     vgg16      224x224, RGB                3 x (dense 32, batch norm, ReLU, dropout 0.5)              14,733,639
///
/// Tensors are named by branch, as in `resnet50.conv1.weight`, so that branches can start from weights of their own.
class JointNet final : public Net {
 public:
  /// A config's `input_size` is that of the RGB branches; 0: 224.
  explicit JointNet(const ModelConfig& config);

  /// @return log of the mean over branches of their softmax outputs [N, classes]: cross entropy is that of the mean.
  torch::Tensor classify(const torch::Tensor& images) override;
  std::vector<std::string> head_names() const override;

 private:
  std::vector<std::shared_ptr<Net>> branches_;
};

}  // namespace fer
