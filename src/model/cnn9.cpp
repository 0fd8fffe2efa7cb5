#include "model/cnn9.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

}  // namespace

Cnn9::Cnn9(const ModelConfig& config) {
  require(config.height >= 8 && config.width >= 8, ExitCode::kUsage,
          fmt::format("model cnn9 halves pictures three times and wants at least 8x8, not {}x{}.", config.height,
                      config.width));
  std::int64_t channels = 1;
  for (const std::int64_t width : {32, 64, 128}) {
    for (int repeat = 0; repeat < 3; ++repeat) {
      features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, width, 3).padding(1)));
      features_->push_back(relu());
      channels = width;
    }
    features_->push_back(nn::MaxPool2d(2));
  }
  std::int64_t inputs = channels * (config.height / 8) * (config.width / 8);
  for (const std::int64_t width : {64, 64}) {
    classifier_->push_back(nn::Linear(inputs, width));
    classifier_->push_back(relu());
    inputs = width;
  }
  classifier_->push_back(nn::Linear(inputs, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
  // Torch's own start makes the variance six times smaller in every layer, and eleven layers lose the picture.
  for (const auto& parameter : parameters())
    if (parameter.dim() > 1) nn::init::kaiming_uniform_(parameter);
}

torch::Tensor Cnn9::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).flatten(1));
}

}  // namespace fer
