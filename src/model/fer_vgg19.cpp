#include "model/fer_vgg19.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/batch_norm.h"
#include "model/dropout.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

struct Group {
  std::int64_t width;
  int convolutions;
};

constexpr Group kGroups[] = {{64, 2}, {128, 2}, {256, 4}, {512, 4}, {512, 4}};  // a pool after each
constexpr double kDropout = 0.5;

}  // namespace

FerVgg19::FerVgg19(const ModelConfig& config) {
  require(config.height >= 32 && config.width >= 32, ExitCode::kUsage,
          fmt::format("model fer-vgg19 halves pictures five times and wants at least 32x32, not {}x{}.", config.height,
                      config.width));
  std::int64_t channels = 1;
  for (const auto& group : kGroups) {
    for (int convolution = 0; convolution < group.convolutions; ++convolution) {
      features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, group.width, 3).padding(1).bias(false)));
      features_->push_back(BatchNorm(group.width));
      features_->push_back(relu());
      channels = group.width;
    }
    features_->push_back(nn::MaxPool2d(2));
  }
  classifier_->push_back(Dropout(kDropout));
  classifier_->push_back(nn::Linear(channels, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor FerVgg19::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).mean({2, 3}));
}

}  // namespace fer
