#include "model/cnn2.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

struct Convolution {
  std::int64_t channels;
  std::int64_t kernel;
};

constexpr Convolution kConvolutions[] = {{64, 5}, {32, 4}};

/// What the convolutions and pools leave of a height or width.
std::int64_t side_of_maps(std::int64_t side) {
  for (const auto& convolution : kConvolutions) side = (side - convolution.kernel + 1) / 2;
  return side;
}

}  // namespace

Cnn2::Cnn2(const ModelConfig& config) {
  require(config.height >= 14 && config.width >= 14, ExitCode::kUsage,
          fmt::format("model cnn2 wants pictures of at least 14x14, not {}x{}.", config.height, config.width));
  std::int64_t channels = 1;
  for (const auto& convolution : kConvolutions) {
    features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, convolution.channels, convolution.kernel)));
    features_->push_back(relu());
    features_->push_back(nn::MaxPool2d(2));
    channels = convolution.channels;
  }
  std::int64_t inputs = channels * side_of_maps(config.height) * side_of_maps(config.width);
  for (const std::int64_t width : {256, 128}) {
    classifier_->push_back(nn::Linear(inputs, width));
    classifier_->push_back(relu());
    inputs = width;
  }
  classifier_->push_back(nn::Linear(inputs, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor Cnn2::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).flatten(1));
}

}  // namespace fer
