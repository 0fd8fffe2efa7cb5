#include "model/staged_cnn.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "model/batch_norm.h"
#include "model/dropout.h"
#include "model/head.h"
#include "model/relu.h"

namespace fer {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kMostWidth = 4096, kMostConvolutions = 16;
constexpr std::size_t kMostStages = 12;

struct Stage {
  std::int64_t width;
  std::int64_t convolutions;
};

/// "64x2" as its two numbers.
Stage parse_stage(const std::string& text) {
  const auto cross = std::min(text.find('x'), text.size());
  const auto number = [&](std::size_t begin, std::size_t end, std::int64_t most) {
    std::int64_t value = 0;
    const auto [stop, status] = std::from_chars(text.data() + begin, text.data() + end, value);
    require(begin < end && status == std::errc() && stop == text.data() + end && value >= 1 && value <= most,
            ExitCode::kUsage,
            fmt::format("--stages has a part '{}'; write WIDTHxCONVOLUTIONS, as in 64x2, with at most {}x{}.", text,
                        kMostWidth, kMostConvolutions));
    return value;
  };
  return {number(0, cross, kMostWidth), number(std::min(cross + 1, text.size()), text.size(), kMostConvolutions)};
}

std::vector<Stage> parse_stages(const std::string& text) {
  std::vector<Stage> stages;
  for (const auto& part : split_text(text, ',')) stages.push_back(parse_stage(part));
  require(stages.size() <= kMostStages, ExitCode::kUsage,
          fmt::format("--stages tells {} stages; at most {} are possible.", stages.size(), kMostStages));
  return stages;
}

}  // namespace

const StagedCnn::Shape StagedCnn::kCnn4 = {"48x1,96x1,192x1,384x1", 0.25, "dense:304,norm,relu,dropout:0.5"};
const StagedCnn::Shape StagedCnn::kCnn7 = {"32x1,64x2,128x2,256x2", 0.25, "dense:96,norm,relu,dropout:0.5"};
const StagedCnn::Shape StagedCnn::kCnnBayes = {"48x1,80x2,160x1,128x1", 0.05, "dense:2159,norm,relu,dropout:0.6"};

StagedCnn::StagedCnn(const ModelConfig& config, const Shape& shape) {
  const auto stages = parse_stages(config.stages.empty() ? shape.stages : config.stages);
  const double dropout = config.dropout < 0 ? shape.dropout : config.dropout;
  const auto least = std::int64_t{1} << stages.size();
  require(config.height >= least && config.width >= least, ExitCode::kUsage,
          fmt::format("model {} halves pictures {} times and wants at least {}x{}, not {}x{}.", config.name,
                      stages.size(), least, least, config.height, config.width));
  std::int64_t channels = 1;
  for (const auto& stage : stages) {
    for (int convolution = 0; convolution < stage.convolutions; ++convolution) {
      features_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, stage.width, 3).padding(1)));
      features_->push_back(BatchNorm(stage.width));
      features_->push_back(relu());
      channels = stage.width;
    }
    features_->push_back(nn::MaxPool2d(2));
    features_->push_back(Dropout(dropout));
  }
  const auto places = (config.height / least) * (config.width / least);
  classifier_ = make_flat_head(config.head.empty() ? shape.head : config.head, channels * places, config.classes);
  register_module("features", features_);
  register_module("classifier", classifier_);
}

torch::Tensor StagedCnn::classify(const torch::Tensor& images) {
  return classifier_->forward(features_->forward(images).flatten(1));
}

std::vector<std::string> StagedCnn::head_names() const {
  return {fmt::format("classifier.{}", classifier_->size() - 1)};
}

}  // namespace fer
