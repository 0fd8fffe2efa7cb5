#include "model/staged_cnn.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/batch_norm.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr double kConvolutionDropout = 0.25;
constexpr double kLinearDropout = 0.5;

nn::ReLU relu() {
  return nn::ReLU(nn::ReLUOptions().inplace(true));
}

}  // namespace

const StagedCnn::Shape StagedCnn::kCnn4 = {{{48, 1}, {96, 1}, {192, 1}, {384, 1}}, 304};
const StagedCnn::Shape StagedCnn::kCnn7 = {{{32, 1}, {64, 2}, {128, 2}, {256, 2}}, 96};

StagedCnn::StagedCnn(const ModelConfig& config, const Shape& shape) {
  require(config.height >= 16 && config.width >= 16, ExitCode::kUsage,
          fmt::format("model {} halves pictures four times and wants at least 16x16, not {}x{}.", config.name,
                      config.height, config.width));
  std::int64_t channels = 1;
  for (const auto& stage : shape.stages) {
    for (int convolution = 0; convolution < stage.convolutions; ++convolution) {
      features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, stage.width, 3).padding(1)));
      features_->push_back(BatchNorm(stage.width));
      features_->push_back(relu());
      channels = stage.width;
    }
    features_->push_back(nn::MaxPool2d(2));
    features_->push_back(nn::Dropout(kConvolutionDropout));
  }
  classifier_->push_back(nn::Linear(channels * (config.height / 16) * (config.width / 16), shape.dense));
  classifier_->push_back(BatchNorm(shape.dense));
  classifier_->push_back(relu());
  classifier_->push_back(nn::Dropout(kLinearDropout));
  classifier_->push_back(nn::Linear(shape.dense, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor StagedCnn::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).flatten(1));
}

}  // namespace fer
