#include "optim/optimizer.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "optim/adam.h"
#include "optim/sgd.h"

namespace fer {

std::vector<std::string> optimizer_names() {
  return {"adam", "adamw", "sgd", "nesterov"};
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
