#include "model/resnet.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <map>
#include <vector>

#include "model/head.h"

namespace fer {
namespace {

namespace nn = torch::nn;

struct Architecture {
  bool bottlenecks;
  std::array<int, 4> blocks;  // per stage
};

const std::map<std::string, Architecture>& architectures() {
  static const std::map<std::string, Architecture> table = {
      {"resnet18", {false, {2, 2, 2, 2}}},
      {"resnet50", {true, {3, 4, 6, 3}}},
  };
  return table;
}

struct ConvolutionSize {
  std::int64_t width;
  std::int64_t kernel;
  std::int64_t stride;
};

std::vector<ConvolutionSize> block_sizes(bool bottleneck, std::int64_t width, std::int64_t stride) {
  if (bottleneck) return {{width, 1, 1}, {width, 3, stride}, {4 * width, 1, 1}};
  return {{width, 3, stride}, {width, 3, 1}};
}

/// Keeps the size of maps where the stride is 1. A batch norm follows, so it has no bias.
nn::Conv2d make_convolution(std::int64_t channels, const ConvolutionSize& size) {
  return nn::Conv2d(
      nn::Conv2dOptions(channels, size.width, size.kernel).stride(size.stride).padding(size.kernel / 2).bias(false));
}

/// Adds what a chain of convolutions and batch norms makes of its input to the input, which goes through a 1x1
/// convolution where its shape is another: conv1, bn1, ..., downsample.0, downsample.1.
class ResidualBlock final : public nn::Module {
 public:
  ResidualBlock(std::int64_t inputs, const std::vector<ConvolutionSize>& sizes) {
    std::int64_t channels = inputs;
    std::int64_t stride = 1;
    for (const auto& size : sizes) {
      convolutions_.push_back(make_convolution(channels, size));
      norms_.push_back(BatchNorm(size.width));
      register_module(fmt::format("conv{}", convolutions_.size()), convolutions_.back());
      register_module(fmt::format("bn{}", norms_.size()), norms_.back());
      channels = size.width;
      stride *= size.stride;
    }
    if (stride == 1 && channels == inputs) return;
    downsample_ = nn::Sequential(make_convolution(inputs, {channels, 1, stride}), BatchNorm(channels));
    register_module("downsample", downsample_);
  }

  torch::Tensor forward(const torch::Tensor& input) {
    auto maps = norms_[0]->forward(convolutions_[0]->forward(input));
    for (std::size_t i = 1; i < convolutions_.size(); ++i)
      maps = norms_[i]->forward(convolutions_[i]->forward(maps.relu_()));
    return maps.add_(downsample_ ? downsample_->forward(input) : input).relu_();
  }

 private:
  std::vector<nn::Conv2d> convolutions_;
  std::vector<BatchNorm> norms_;
  nn::Sequential downsample_ = nullptr;
};

}  // namespace

ResNet::ResNet(const ModelConfig& config) : RgbNet(config.input_size) {
  const auto& architecture = architectures().at(config.name);
  std::int64_t width = 64;
  std::int64_t channels = width;
  conv1_ = register_module("conv1", make_convolution(3, {channels, 7, 2}));
  bn1_ = register_module("bn1", BatchNorm(channels));
  for (std::size_t stage = 0; stage < layers_.size(); ++stage) {
    for (int block = 0; block < architecture.blocks[stage]; ++block) {
      const auto sizes = block_sizes(architecture.bottlenecks, width, stage > 0 && block == 0 ? 2 : 1);
      layers_[stage]->push_back(std::make_shared<ResidualBlock>(channels, sizes));
      channels = sizes.back().width;
    }
    register_module(fmt::format("layer{}", stage + 1), layers_[stage]);
    width *= 2;
  }
  for (const auto& module : modules(/*include_self=*/false))
    if (auto* convolution = module->as<nn::Conv2d>())
      nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
  if (config.head.empty())
    fc_ = register_module("fc", nn::Linear(channels, config.classes));
  else
    head_ = register_module("head", make_head(config.head, channels, config.classes));
}

torch::Tensor ResNet::classify(const torch::Tensor& inputs) {
  const auto first = bn1_->forward(conv1_->forward(inputs)).relu_();
  auto maps = torch::max_pool2d(first, {3, 3}, {2, 2}, {1, 1});
  for (auto& layer : layers_) maps = layer->forward(maps);
  if (head_) return head_->forward(maps);
  return fc_->forward(torch::adaptive_avg_pool2d(maps, {1, 1}).flatten(1));
}

}  // namespace fer
