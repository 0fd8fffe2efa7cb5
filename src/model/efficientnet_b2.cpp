#include "model/efficientnet_b2.h"

#include <torch/torch.h>

#include <array>
#include <cmath>

#include "model/batch_norm.h"
#include "model/dropout.h"
#include "model/head.h"
#include "model/stochastic_depth.h"

namespace fer {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

struct Stage {
  std::int64_t expansion;  // of the channels, inside a block
  std::int64_t kernel;
  std::int64_t stride;  // of the first block; the others have 1
  std::int64_t channels;
  std::int64_t blocks;
};

// B0's stages (table 1 of the paper): channels x 1.1, to the nearest multiple of 8, and blocks x 1.2, rounded up.
constexpr std::array<Stage, 7> kStages = {{
    {1, 3, 1, 16, 2},
    {6, 3, 2, 24, 3},
    {6, 5, 2, 48, 3},
    {6, 3, 2, 88, 4},
    {6, 5, 1, 120, 4},
    {6, 5, 2, 208, 5},
    {6, 3, 1, 352, 2},
}};
constexpr std::int64_t kFirstChannels = 32;
constexpr std::int64_t kLastChannels = 1408;
constexpr double kBlocks = 23;  // of all stages
constexpr double kDepthDropout = 0.2;
constexpr double kLinearDropout = 0.3;

/// A Sequential that can stand inside another one: LibTorch's own cannot, its forward() being a template.
class NestedImpl final : public nn::SequentialImpl {
 public:
  Tensor forward(const Tensor& input) { return nn::SequentialImpl::forward(input); }
};
TORCH_MODULE(Nested);

/// Convolution without bias, then batch norm. With stride 1 it keeps the maps' size.
Nested convolution(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel, std::int64_t stride = 1,
                   std::int64_t groups = 1) {
  nn::Conv2dOptions options(inputs, outputs, kernel);
  options.stride(stride).padding(kernel / 2).groups(groups).bias(false);
  Nested chain;
  chain->push_back(nn::Conv2d(options));
  chain->push_back(BatchNorm(outputs));
  return chain;
}

Nested activated(Nested chain) {
  chain->push_back(nn::SiLU());
  return chain;
}

/// Weighs the channels by what a narrow perceptron makes of their averages (Hu et al., arXiv 1709.01507).
class SqueezeExcitationImpl final : public nn::Module {
 public:
  SqueezeExcitationImpl(std::int64_t channels, std::int64_t squeezed)
      : squeeze_(register_module("fc1", nn::Conv2d(nn::Conv2dOptions(channels, squeezed, 1)))),
        excite_(register_module("fc2", nn::Conv2d(nn::Conv2dOptions(squeezed, channels, 1)))) {}

  Tensor forward(const Tensor& input) {
    const auto averages = torch::adaptive_avg_pool2d(input, {1, 1});
    return input * excite_->forward(torch::silu(squeeze_->forward(averages))).sigmoid();
  }

 private:
  nn::Conv2d squeeze_;
  nn::Conv2d excite_;
};
TORCH_MODULE(SqueezeExcitation);

/// The paper's MBConv: widen by a 1x1 convolution, filter each channel by itself, weigh the channels, narrow; and add
/// the input where the output has its shape.
class InvertedBottleneckImpl final : public nn::Module {
 public:
  InvertedBottleneckImpl(std::int64_t inputs, const Stage& stage, double drop_rate)
      : stochastic_depth_(drop_rate), residual_(stage.stride == 1 && inputs == stage.channels) {
    const auto width = inputs * stage.expansion;
    if (width != inputs) block_->push_back(activated(convolution(inputs, width, 1)));
    block_->push_back(activated(convolution(width, width, stage.kernel, stage.stride, /*groups=*/width)));
    block_->push_back(SqueezeExcitation(width, inputs / 4));
    block_->push_back(convolution(width, stage.channels, 1));
    register_module("block", block_);
    register_module("stochastic_depth", stochastic_depth_);
  }

  Tensor forward(const Tensor& input) {
    const auto maps = block_->forward(input);
    return residual_ ? stochastic_depth_->forward(maps) + input : maps;
  }

 private:
  nn::Sequential block_;
  StochasticDepth stochastic_depth_;
  bool residual_;
};
TORCH_MODULE(InvertedBottleneck);

void initialise_convolutions(nn::Module& net) {
  for (const auto& module : net.modules(/*include_self=*/false)) {
    auto* layer = module->as<nn::Conv2dImpl>();
    if (layer == nullptr) continue;
    nn::init::kaiming_normal_(layer->weight, /*a=*/0, torch::kFanOut);
    if (layer->bias.defined()) nn::init::zeros_(layer->bias);
  }
}

}  // namespace

EfficientNetB2::EfficientNetB2(const ModelConfig& config)
    : RgbNet(config.input_size), head_name_(config.head.empty() ? "classifier.1" : "head") {
  features_->push_back(activated(convolution(3, kFirstChannels, 3, /*stride=*/2)));
  auto inputs = kFirstChannels;
  double earlier = 0;  // blocks ahead of this one: the deeper, the more often it is left out
  for (Stage stage : kStages) {
    Nested blocks;
    for (std::int64_t i = 0; i < stage.blocks; ++i, ++earlier) {
      blocks->push_back(InvertedBottleneck(inputs, stage, kDepthDropout * earlier / kBlocks));
      inputs = stage.channels;
      stage.stride = 1;
    }
    features_->push_back(blocks);
  }
  features_->push_back(activated(convolution(inputs, kLastChannels, 1)));
  initialise_convolutions(*features_);
  register_module("features", features_);

  if (!config.head.empty()) {
    head_ = make_head(config.head, kLastChannels, config.classes);
    register_module("head", head_);
    return;
  }
  nn::Linear linear(kLastChannels, config.classes);
  const double bound = 1 / std::sqrt(static_cast<double>(config.classes));
  nn::init::uniform_(linear->weight, -bound, bound);
  nn::init::zeros_(linear->bias);
  head_->push_back("pool", nn::AdaptiveAvgPool2d(1));  // torchvision's numbers begin after the average
  head_->push_back("flatten", nn::Flatten());
  head_->push_back("0", Dropout(kLinearDropout));
  head_->push_back("1", linear);
  register_module("classifier", head_);
}

Tensor EfficientNetB2::classify(const Tensor& inputs) {
  return head_->forward(features_->forward(inputs));
}

}  // namespace fer
