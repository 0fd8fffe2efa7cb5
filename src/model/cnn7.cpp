#include "model/cnn7.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/batch_norm.h"

namespace fer {
namespace {

namespace nn = torch::nn;

struct Stage {
  std::int64_t width;
  int convolutions;
};

constexpr Stage kStages[] = {{32, 1}, {64, 2}, {128, 2}, {256, 2}};  // a pool after each
constexpr std::int64_t kDenseWidth = 96;
constexpr double kConvolutionDropout = 0.25;
constexpr double kLinearDropout = 0.5;

nn::ReLU relu() {
  return nn::ReLU(nn::ReLUOptions().inplace(true));
}

}  // namespace

Cnn7::Cnn7(const ModelConfig& config) {
  require(config.height >= 16 && config.width >= 16, ExitCode::kUsage,
          fmt::format("model cnn7 halves pictures four times and wants at least 16x16, not {}x{}.", config.height,
                      config.width));
  std::int64_t channels = 1;
  for (const auto& stage : kStages) {
    for (int convolution = 0; convolution < stage.convolutions; ++convolution) {
      features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, stage.width, 3).padding(1)));
      features_->push_back(BatchNorm(stage.width));
      features_->push_back(relu());
      channels = stage.width;
    }
    features_->push_back(nn::MaxPool2d(2));
    features_->push_back(nn::Dropout(kConvolutionDropout));
  }
  classifier_->push_back(nn::Linear(channels * (config.height / 16) * (config.width / 16), kDenseWidth));
  classifier_->push_back(BatchNorm(kDenseWidth));
  classifier_->push_back(relu());
  classifier_->push_back(nn::Dropout(kLinearDropout));
  classifier_->push_back(nn::Linear(kDenseWidth, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor Cnn7::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).flatten(1));
}

}  // namespace fer
