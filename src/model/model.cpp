#include "model/model.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <functional>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "model/cnn3_mlp.h"

namespace fer {
namespace {

using Maker = std::function<std::shared_ptr<Net>(const ModelConfig&)>;

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table = {
      {"cnn3-mlp", [](const ModelConfig& config) { return std::make_shared<Cnn3Mlp>(config); }},
  };
  return table;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

std::shared_ptr<Net> make_model(const ModelConfig& config) {
  const auto found = makers().find(config.name);
  require(
      found != makers().end(), ExitCode::kUsage,
      fmt::format("there is no model '{}'; did you mean '{}'?", config.name, closest_name(config.name, model_names())));
  return found->second(config);
}

std::int64_t parameter_count(const torch::nn::Module& net) {
  std::int64_t count = 0;
  for (const auto& parameter : net.parameters()) count += parameter.numel();
  return count;
}

}  // namespace fer
