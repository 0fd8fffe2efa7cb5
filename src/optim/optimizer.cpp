#include "optim/optimizer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "base/text.h"
#include "optim/adam.h"
#include "optim/sgd.h"

namespace fer {

std::vector<std::string> optimizer_names() {
  return {"adam", "adamw", "sgd", "nesterov"};
}

void Optimizer::restore(const std::map<std::string, torch::Tensor>& remembered) {
  const torch::NoGradGuard no_grad;
  const auto own = state();
  for (const auto& [name, tensor] : own) {
    const auto found = remembered.find(name);
    require(found != remembered.end() && found->second.sizes() == tensor.sizes(), ExitCode::kBadInput,
            fmt::format("the checkpoint does not hold '{}' of this optimizer.", name));
  }
  for (auto [name, tensor] : own) tensor.copy_(remembered.at(name));
  on_restored();
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedParameters& parameters) {
  if (config.name == "adam") return std::make_unique<Adam>(config, parameters, Adam::Decay::kGradients);
  if (config.name == "adamw") return std::make_unique<Adam>(config, parameters, Adam::Decay::kWeights);
  if (config.name == "sgd") return std::make_unique<Sgd>(config, parameters, /*nesterov=*/false);
  if (config.name == "nesterov") return std::make_unique<Sgd>(config, parameters, /*nesterov=*/true);
  fail(ExitCode::kUsage,
       fmt::format("there is no optimizer '{}'; known are {}.", config.name, join(optimizer_names())));
}

}  // namespace fer
