#include "model/vgg.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <map>

#include "base/error.h"
#include "model/dropout.h"
#include "model/head.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kSmallestSide = 32;  // halved five times
constexpr std::int64_t kPooledSide = 7;
constexpr std::int64_t kLinearWidth = 4096;
constexpr double kDropout = 0.5;

struct Stage {
  std::int64_t width;
  int convolutions;
};

using Widths = std::array<Stage, 5>;

const std::map<std::string, Widths>& architectures() {
  static const std::map<std::string, Widths> table = {
      {"vgg16", {{{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}}},
      {"vgg19", {{{64, 2}, {128, 2}, {256, 4}, {512, 4}, {512, 4}}}},
  };
  return table;
}

void check_size(const ModelConfig& config) {
  const auto height = config.input_size > 0 ? config.input_size : config.height;
  const auto width = config.input_size > 0 ? config.input_size : config.width;
  require(height >= kSmallestSide && width >= kSmallestSide, ExitCode::kUsage,
          fmt::format("model {} halves its inputs five times and wants at least {}x{}, not {}x{}.", config.name,
                      kSmallestSide, kSmallestSide, height, width));
}

Stages make_classifier(std::int64_t channels, std::int64_t classes) {
  Stages classifier;
  std::int64_t inputs = channels * kPooledSide * kPooledSide;
  for (int layer = 0; layer < 2; ++layer) {
    classifier->push_back(nn::Linear(inputs, kLinearWidth));
    classifier->push_back(relu());
    classifier->push_back(Dropout(kDropout));
    inputs = kLinearWidth;
  }
  classifier->push_back(nn::Linear(inputs, classes));
  return classifier;
}

void set_initial_weights(const nn::Module& net) {
  for (const auto& module : net.modules(/*include_self=*/false)) {
    if (auto* convolution = module->as<nn::Conv2d>()) {
      nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
      nn::init::zeros_(convolution->bias);
    } else if (auto* linear = module->as<nn::Linear>()) {
      nn::init::normal_(linear->weight, 0, 0.01);
      nn::init::zeros_(linear->bias);
    }
  }
}

}  // namespace

Vgg::Vgg(const ModelConfig& config) : RgbNet(config.input_size) {
  check_size(config);
  std::int64_t channels = 3;
  for (const auto& stage : architectures().at(config.name)) {
    for (int i = 0; i < stage.convolutions; ++i) {
      features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, stage.width, 3).padding(1)));
      features_->push_back(relu());
      channels = stage.width;
    }
    features_->push_back(nn::MaxPool2d(2));
  }
  register_module("features", features_);
  if (config.head.empty()) classifier_ = register_module("classifier", make_classifier(channels, config.classes));
  set_initial_weights(*this);
  if (!config.head.empty()) head_ = register_module("head", make_head(config.head, channels, config.classes));
}

torch::Tensor Vgg::classify(const torch::Tensor& inputs) {
  const auto maps = features_->forward(inputs);
  if (head_) return head_->forward(maps);
  return classifier_->forward(torch::adaptive_avg_pool2d(maps, {kPooledSide, kPooledSide}).flatten(1));
}

}  // namespace fer
