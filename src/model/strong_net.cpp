#include "model/strong_net.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/batch_norm.h"
#include "model/dropout.h"
#include "model/relu.h"
#include "model/stochastic_depth.h"

namespace fer {
namespace {

namespace nn = torch::nn;

struct Stage {
  std::int64_t width;
  int blocks;
  std::int64_t stride;
};

constexpr Stage kStages[] = {{128, 2, 1}, {256, 2, 2}, {512, 3, 2}};
constexpr int kLastBlock = 6;
constexpr std::int64_t kStemWidth = 64;
constexpr std::int64_t kReduction = 8;
constexpr double kLargestDepthRate = 0.1;
constexpr double kDropout = 0.3;

nn::Conv2d convolution(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel, std::int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(inputs, outputs, kernel).stride(stride).padding(kernel / 2).bias(false));
}

BatchNorm norm_from_zero(std::int64_t channels) {
  BatchNorm norm(channels);
  nn::init::zeros_(norm->weight);
  return norm;
}

class Block : public nn::Module {
 public:
  Block(std::int64_t inputs, std::int64_t outputs, std::int64_t stride, double depth_rate) : depth_(depth_rate) {
    body_->push_back(convolution(inputs, outputs, 3, stride));
    body_->push_back(BatchNorm(outputs));
    body_->push_back(relu());
    body_->push_back(convolution(outputs, outputs, 3, 1));
    body_->push_back(norm_from_zero(outputs));
    gates_->push_back(nn::Linear(outputs, outputs / kReduction));
    gates_->push_back(relu());
    gates_->push_back(nn::Linear(outputs / kReduction, outputs));
    gates_->push_back(nn::Sigmoid());
    // The convolution rounds odd sides up, and so must the pool.
    if (stride > 1) shortcut_->push_back(nn::AvgPool2d(nn::AvgPool2dOptions(stride).ceil_mode(true)));
    if (inputs != outputs) {
      shortcut_->push_back(convolution(inputs, outputs, 1, 1));
      shortcut_->push_back(BatchNorm(outputs));
    }
    register_module("body", body_);
    register_module("gates", gates_);
    register_module("depth", depth_);
    register_module("shortcut", shortcut_);
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const auto maps = body_->forward(input);
    const auto gates = gates_->forward(maps.mean({2, 3})).unsqueeze(-1).unsqueeze(-1);
    const auto branch = depth_->forward(maps * gates);
    return (branch + (shortcut_->is_empty() ? input : shortcut_->forward(input))).relu_();
  }

 private:
  Stages body_;
  nn::Sequential gates_;
  StochasticDepth depth_;
  nn::Sequential shortcut_;
};

}  // namespace

StrongNet::StrongNet(const ModelConfig& config) {
  require(config.height >= 8 && config.width >= 8, ExitCode::kUsage,
          fmt::format("model strong halves pictures three times and wants at least 8x8, not {}x{}.", config.height,
                      config.width));
  std::int64_t channels = 1;
  for (const std::int64_t width : {kStemWidth, kStemWidth}) {
    features_->push_back(convolution(channels, width, 3, 1));
    features_->push_back(BatchNorm(width));
    features_->push_back(relu());
    channels = width;
  }
  features_->push_back(nn::MaxPool2d(2));
  int position = 0;
  for (const auto& stage : kStages) {
    for (int block = 0; block < stage.blocks; ++block) {
      const double depth_rate = kLargestDepthRate * position++ / kLastBlock;
      features_->push_back(std::make_shared<Block>(channels, stage.width, block == 0 ? stage.stride : 1, depth_rate));
      channels = stage.width;
    }
  }
  classifier_->push_back(Dropout(kDropout));
  classifier_->push_back(nn::Linear(channels, config.classes));
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor StrongNet::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).mean({2, 3}));
}

}  // namespace fer
