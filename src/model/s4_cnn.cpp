#include "model/s4_cnn.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kKernel = 4;
constexpr std::int64_t kPool = 3;
constexpr std::int64_t kWidth = 256;
constexpr std::int64_t kChannelsAtLast = 10;

std::int64_t checked_input_size(const ModelConfig& config) {
  const std::int64_t size = config.input_size == 0 ? 96 : config.input_size;
  require(size >= 21, ExitCode::kUsage,
          fmt::format("model s4-cnn wants an input size of at least 21 (21x21), not {}.", size));
  return size;
}

/// What one convolution and pool leave of a height or width.
std::int64_t pooled(std::int64_t side) {
  return (side - kKernel + 1) / kPool;
}

}  // namespace

S4Cnn::S4Cnn(const ModelConfig& config) : RgbNet(checked_input_size(config)) {
  std::int64_t channels = 3;
  for (const std::int64_t width : {kWidth, kWidth}) {
    features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, width, kKernel)));
    features_->push_back(relu());
    features_->push_back(nn::MaxPool2d(kPool));
    channels = width;
  }
  for (const std::int64_t width : {kWidth, kWidth, kChannelsAtLast}) {
    features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, width, 1)));
    channels = width;
  }
  const auto side = pooled(pooled(checked_input_size(config)));
  classifier_->push_back(nn::Linear(channels * side * side, kWidth));
  classifier_->push_back(relu());
  classifier_->push_back(nn::Linear(kWidth, config.classes));
  classifier_->push_back(relu());
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor S4Cnn::classify(const torch::Tensor& inputs) {
  const auto answers = classifier_->forward(features_->forward(inputs).flatten(1));
  return (answers / answers.sum(1, /*keepdim=*/true)).log();  // a softmax behind this changes nothing
}

}  // namespace fer
