// What a trainer leaves in a checkpoint, and takes up from one.
#include <torch/torch.h>

#include "base/error.h"
#include "train/trainer.h"

namespace fer {
namespace {

constexpr std::string_view kOptimizer = "optimizer.", kWeights = "weights.";

using Tensors = std::map<std::string, torch::Tensor>;

torch::Tensor numbers(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64);
}

std::vector<double> numbers_in(const Tensors& state, const std::string& name) {
  const auto found = state.find(name);
  if (found == state.end()) return {};
  const auto values = found->second.to(torch::kFloat64).flatten();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

/// Those whose names begin so, without that beginning.
Tensors with_prefix(const Tensors& state, std::string_view prefix) {
  Tensors found;
  for (const auto& [name, tensor] : state)
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
  return found;
}

}  // namespace

/// The average becomes the model; the weights, with which training would go on, become state.
void Trainer::add_average(Checkpoint& checkpoint) const {
  const auto tensors = averaged_tensors(net_);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& name = tensors[i].first;
    checkpoint.state[std::string(kWeights) + name] = checkpoint.model.at(name);
    checkpoint.model[name] = step_.average()->average()[i];
  }
  checkpoint.state["average_updates"] = numbers({step_.average()->updates()});
}

Checkpoint Trainer::snapshot() const {
  Checkpoint checkpoint;
  checkpoint.model = model_tensors(net_);
  if (step_.average() != nullptr) add_average(checkpoint);
  for (const auto& [name, tensor] : step_.optimizer().state())
    checkpoint.state[std::string(kOptimizer) + name] = tensor;
  checkpoint.state["learning_rate"] = numbers({schedule_.at(static_cast<double>(epochs_done_ + 1 - first_epoch_))});
  if (const auto memory = schedule_.memory(); !memory.empty()) checkpoint.state["schedule"] = numbers(memory);
  checkpoint.state["early_stopping"] =
      numbers({early_stopping_.best(), static_cast<double>(early_stopping_.bad_epochs())});
  checkpoint.state["best"] = numbers({best_.best()});
  checkpoint.state["position"] =
      torch::tensor({config_.phase, first_epoch_, epochs_done_, step_.steps_done()}, torch::kInt64);
  return checkpoint;
}

std::int64_t phase_of(const Checkpoint& checkpoint) {
  const auto position = numbers_in(checkpoint.state, "position");
  require(position.size() == 4, ExitCode::kBadInput, "the checkpoint does not say how far its run had come.");
  return static_cast<std::int64_t>(position[0]);
}

void Trainer::restore(const Checkpoint& checkpoint, bool knows_best) {
  const torch::NoGradGuard no_grad;
  const auto& state = checkpoint.state;
  auto model = checkpoint.model;
  for (const auto& [name, weights] : with_prefix(state, kWeights)) model[name] = weights;
  load_model_tensors(net_, model, "the checkpoint");
  if (auto* average = step_.average()) {
    const auto tensors = averaged_tensors(net_);
    for (std::size_t i = 0; i < tensors.size(); ++i) average->average()[i].copy_(checkpoint.model.at(tensors[i].first));
    if (const auto updates = numbers_in(state, "average_updates"); !updates.empty()) average->restore(updates[0]);
  }

  const auto position = numbers_in(state, "position");
  require(phase_of(checkpoint) == config_.phase, "a checkpoint of another phase");
  first_epoch_ = static_cast<std::int64_t>(position[1]);
  epochs_done_ = static_cast<std::int64_t>(position[2]);
  step_.restore(with_prefix(state, kOptimizer), static_cast<std::int64_t>(position[3]));
  schedule_.restore(numbers_in(state, "schedule"));
  if (const auto memory = numbers_in(state, "early_stopping"); memory.size() == 2)
    early_stopping_.restore(memory[0], static_cast<int>(memory[1]));
  if (const auto best = numbers_in(state, "best"); knows_best && best.size() == 1) best_.restore(best[0]);
}

}  // namespace fer
