#include "model/mlp.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "model/relu.h"

namespace fer {

namespace nn = torch::nn;

Mlp::Mlp(const ModelConfig& config) {
  require(config.height >= 1 && config.width >= 1, ExitCode::kUsage,
          fmt::format("model mlp wants pictures of at least 1x1, not {}x{}.", config.height, config.width));
  std::int64_t inputs = config.height * config.width;
  for (const std::int64_t width : {128, 64}) {
    classifier_->push_back(nn::Linear(inputs, width));
    classifier_->push_back(relu());
    inputs = width;
  }
  classifier_->push_back(nn::Linear(inputs, config.classes));
  register_module("classifier", classifier_);
}

}  // namespace fer
