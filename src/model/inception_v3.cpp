#include "model/inception_v3.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/dropout.h"
#include "model/head.h"
#include "model/inception_blocks.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kSmallestSide = 75;
constexpr std::int64_t kChannels = 2048;  // of the last maps
// torchvision's distribution is normal, and cut at +-2: that is 20 deviations, where there is nothing to cut.
constexpr double kInitialDeviation = 0.1;
// Its published weights are used to this, which torchvision calls transform_input.
const RgbBrightness kBrightness = {{0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}};

void require_size(const ModelConfig& config) {
  const auto height = config.input_size > 0 ? config.input_size : config.height;
  const auto width = config.input_size > 0 ? config.input_size : config.width;
  require(height >= kSmallestSide && width >= kSmallestSide, ExitCode::kUsage,
          fmt::format("model {0} wants pictures of at least {1}x{1}, not {2}x{3}; --input-size enlarges them.",
                      config.name, kSmallestSide, height, width));
}

}  // namespace

InceptionV3::InceptionV3(const ModelConfig& config)
    : RgbNet(config.input_size, kBrightness), head_name_(config.head.empty() ? "fc" : "head") {
  require_size(config);
  const auto add = [this](const std::string& name, const auto& module) {
    features_->push_back(register_module(name, module));
  };
  // Sizes of the maps for pictures of 299x299.
  add("Conv2d_1a_3x3", ConvUnit(nn::Conv2dOptions(3, 32, 3).stride(2)));    // [N, 32, 149, 149]
  add("Conv2d_2a_3x3", ConvUnit(nn::Conv2dOptions(32, 32, 3)));             // [N, 32, 147, 147]
  add("Conv2d_2b_3x3", ConvUnit(nn::Conv2dOptions(32, 64, 3).padding(1)));  // [N, 64, 147, 147]
  add("maxpool1", nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2)));        // [N, 64, 73, 73]
  add("Conv2d_3b_1x1", ConvUnit(nn::Conv2dOptions(64, 80, 1)));             // [N, 80, 73, 73]
  add("Conv2d_4a_3x3", ConvUnit(nn::Conv2dOptions(80, 192, 3)));            // [N, 192, 71, 71]
  add("maxpool2", nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2)));        // [N, 192, 35, 35]
  add("Mixed_5b", inception_a(192, 32));                                    // [N, 256, 35, 35]
  add("Mixed_5c", inception_a(256, 64));                                    // [N, 288, 35, 35]
  add("Mixed_5d", inception_a(288, 64));                                    // [N, 288, 35, 35]
  add("Mixed_6a", inception_b(288));                                        // [N, 768, 17, 17]
  add("Mixed_6b", inception_c(768, 128));                                   // [N, 768, 17, 17]
  add("Mixed_6c", inception_c(768, 160));                                   // [N, 768, 17, 17]
  add("Mixed_6d", inception_c(768, 160));                                   // [N, 768, 17, 17]
  add("Mixed_6e", inception_c(768, 192));                                   // [N, 768, 17, 17]
  add("Mixed_7a", inception_d(768));                                        // [N, 1280, 8, 8]
  add("Mixed_7b", inception_e(1280));                                       // [N, 2048, 8, 8]
  add("Mixed_7c", inception_e(kChannels));                                  // [N, 2048, 8, 8]
  for (const auto& weights : parameters())
    if (weights.dim() > 1) nn::init::normal_(weights, 0, kInitialDeviation);

  if (!config.head.empty()) {
    head_ = make_head(config.head, kChannels, config.classes);
    register_module("head", head_);
    return;
  }
  const auto linear = register_module("fc", nn::Linear(kChannels, config.classes));
  nn::init::normal_(linear->weight, 0, kInitialDeviation);
  own_head_->push_back(nn::AdaptiveAvgPool2d(1));
  own_head_->push_back(nn::Flatten());
  own_head_->push_back(register_module("dropout", Dropout(0.5)));
  own_head_->push_back(linear);
}

torch::Tensor InceptionV3::classify(const torch::Tensor& inputs) {
  const auto maps = features_->forward(inputs);
  return head_ ? head_->forward(maps) : own_head_->forward(maps);
}

}  // namespace fer
