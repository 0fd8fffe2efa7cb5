#include "model/fast_net.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/batch_norm.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kStemWidth = 32;
constexpr double kLogitScale = 1.0 / 9;

/// Without a bias or a norm behind it, a filter that answers to plain brightness would be always on or always off: all
/// start by answering to contrast alone.
nn::Conv2d stem() {
  nn::Conv2d layer(nn::Conv2dOptions(1, kStemWidth, 4).stride(2).padding(1).bias(false));
  const torch::NoGradGuard no_grad;
  layer->weight.sub_(layer->weight.mean({1, 2, 3}, /*keepdim=*/true));
  return layer;
}

nn::Conv2d passing_convolution(std::int64_t inputs, std::int64_t outputs) {
  nn::Conv2d layer(nn::Conv2dOptions(inputs, outputs, 3).padding(1).bias(false));
  const torch::NoGradGuard no_grad;
  nn::init::dirac_(layer->weight.slice(0, 0, inputs));  // of all filters it would make the further ones zero
  return layer;
}

}  // namespace

FastNet::FastNet(const ModelConfig& config, const std::array<std::int64_t, 3>& widths) {
  require(config.height >= 16 && config.width >= 16, ExitCode::kUsage,
          fmt::format("model {} halves pictures four times and wants at least 16x16, not {}x{}.", config.name,
                      config.height, config.width));
  features_->push_back(stem());
  features_->push_back(relu());
  std::int64_t channels = kStemWidth;
  for (const std::int64_t width : widths) {
    features_->push_back(passing_convolution(channels, width));
    features_->push_back(nn::MaxPool2d(2));  // ahead of batch norm, which then reads a quarter
    features_->push_back(BatchNorm(width));
    features_->push_back(relu());
    features_->push_back(passing_convolution(width, width));
    features_->push_back(BatchNorm(width));
    features_->push_back(relu());
    channels = width;
  }
  register_module("features", features_);
  classifier_ = register_module("classifier", nn::Linear(nn::LinearOptions(channels, config.classes).bias(false)));
}

torch::Tensor FastNet::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).amax({2, 3})) * kLogitScale;
}

}  // namespace fer
