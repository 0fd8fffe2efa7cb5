#include "model/cnn3_mlp.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/batch_norm.h"
#include "model/dropout.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr double kConvolutionDropout = 0.25;
constexpr double kLinearDropout = 0.5;

struct LinearStage {
  std::int64_t width;
  bool dropout;
};

}  // namespace

Cnn3Mlp::Cnn3Mlp(const ModelConfig& config, double dropout) {
  require(config.height >= 8 && config.width >= 8, ExitCode::kUsage,
          fmt::format("model cnn3-mlp halves pictures three times and wants at least 8x8, not {}x{}.", config.height,
                      config.width));
  std::int64_t channels = 1;
  for (const std::int64_t width : {32, 64, 128}) {
    features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, width, 3).padding(1)));
    features_->push_back(BatchNorm(width));
    features_->push_back(relu());
    features_->push_back(nn::MaxPool2d(2));
    features_->push_back(Dropout(kConvolutionDropout * dropout));
    channels = width;
  }
  std::int64_t inputs = channels * (config.height / 8) * (config.width / 8);
  for (const auto& stage : {LinearStage{256, true}, {128, true}, {64, false}, {32, false}, {16, false}}) {
    classifier_->push_back(nn::Linear(inputs, stage.width));
    classifier_->push_back(BatchNorm(stage.width));
    classifier_->push_back(relu());
    if (stage.dropout) classifier_->push_back(Dropout(kLinearDropout * dropout));
    inputs = stage.width;
  }
  classifier_->push_back(nn::Linear(inputs, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor Cnn3Mlp::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).flatten(1));
}

}  // namespace fer
