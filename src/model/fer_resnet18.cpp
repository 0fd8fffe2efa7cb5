#include "model/fer_resnet18.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/batch_norm.h"
#include "model/dropout.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kStemWidth = 64;
constexpr double kDropout = 0.5;

nn::Conv2d convolution(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel, std::int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(inputs, outputs, kernel).stride(stride).padding(kernel / 2).bias(false));
}

class BasicBlock : public nn::Module {
 public:
  BasicBlock(std::int64_t inputs, std::int64_t outputs, std::int64_t stride) {
    body_->push_back(convolution(inputs, outputs, 3, stride));
    body_->push_back(BatchNorm(outputs));
    body_->push_back(relu());
    body_->push_back(convolution(outputs, outputs, 3, 1));
    body_->push_back(BatchNorm(outputs));
    if (inputs != outputs) {
      shortcut_->push_back(convolution(inputs, outputs, 1, stride));
      shortcut_->push_back(BatchNorm(outputs));
    }
    register_module("body", body_);
    register_module("shortcut", shortcut_);
  }

  torch::Tensor forward(const torch::Tensor& input) {
    return (body_->forward(input) + (shortcut_->is_empty() ? input : shortcut_->forward(input))).relu_();
  }

 private:
  Stages body_;
  nn::Sequential shortcut_;
};

}  // namespace

FerResNet18::FerResNet18(const ModelConfig& config) {
  require(config.height >= 8 && config.width >= 8, ExitCode::kUsage,
          fmt::format("model fer-resnet18 halves pictures three times and wants at least 8x8, not {}x{}.",
                      config.height, config.width));
  features_->push_back(convolution(1, kStemWidth, 3, 1));
  features_->push_back(BatchNorm(kStemWidth));
  features_->push_back(relu());
  std::int64_t channels = kStemWidth;
  for (const std::int64_t width : {64, 128, 256, 512}) {
    features_->push_back(std::make_shared<BasicBlock>(channels, width, width == channels ? 1 : 2));
    features_->push_back(std::make_shared<BasicBlock>(width, width, 1));
    channels = width;
  }
  classifier_->push_back(Dropout(kDropout));
  classifier_->push_back(nn::Linear(channels, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor FerResNet18::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).mean({2, 3}));
}

}  // namespace fer
