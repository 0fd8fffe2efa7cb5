#include "optim/decay_group.h"

#include <torch/torch.h>

namespace fer {

std::vector<torch::Tensor> DecayGroup::own(const std::vector<torch::Tensor>& gradients) const {
  std::vector<torch::Tensor> chosen;
  chosen.reserve(places.size());
  for (const auto place : places) chosen.push_back(gradients[place]);
  return chosen;
}

std::vector<DecayGroup> decay_groups(const OptimizerConfig& config, const NamedParameters& parameters) {
  std::vector<DecayGroup> groups(2);
  groups[0].weight_decay = config.weight_decay;
  for (std::size_t place = 0; place < parameters.size(); ++place) {
    const auto& [name, parameter] = parameters[place];
    DecayGroup& group = groups[config.decays_all || parameter.dim() > 1 ? 0 : 1];
    group.names.push_back(name);
    group.parameters.push_back(parameter);
    group.places.push_back(place);
  }
  std::erase_if(groups, [](const DecayGroup& group) { return group.places.empty(); });
  return groups;
}

}  // namespace fer
