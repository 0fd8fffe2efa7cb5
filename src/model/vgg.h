#pragma once

#include <string>

#include "model/rgb_net.h"
#include "model/stages.h"

namespace fer {

/// The plain deep nets without batch norm of Simonyan and Zisserman ("Very Deep Convolutional Networks for Large-Scale
/// Image Recognition", arXiv 1409.1556) with the layers, names and initial weights of torchvision's. Five stages of 3x3
/// convolutions (64, 128, 256, 512, 512 wide, ReLU), each with a max-pool 2 at its end; the maps are averaged to 7x7
/// and pass linear layers of 4096 and 4096 (ReLU, dropout 0.5), then classes. Wants inputs of at least 32x32.
///   vgg16  2, 2, 3, 3 and 3 convolutions: 138,357,544 parameters at 1000 classes;
///   vgg19  2, 2, 4, 4 and 4: 143,667,240.
class Vgg final : public RgbNet {
 public:
  /// @param config  of its name one of the above; a head takes the place of all that follows the last max-pool.
  explicit Vgg(const ModelConfig& config);

  /// @param inputs  [N, 3, h, w], h and w at least 32
  torch::Tensor classify(const torch::Tensor& inputs) override;
  std::vector<std::string> head_names() const override { return {head_ ? "head" : "classifier.6"}; }

 private:
  Stages features_;
  Stages classifier_ = nullptr;  // either this
  Stages head_ = nullptr;        // or this
};

}  // namespace fer
