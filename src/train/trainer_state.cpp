// What a trainer leaves in a checkpoint, and takes up from one.
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/batch_norm.h"
#include "model/freeze.h"
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

std::vector<std::int64_t> integers_in(const Tensors& state, const std::string& name) {
  const auto found = state.find(name);
  if (found == state.end() || found->second.scalar_type() != torch::kInt64) return {};
  const auto values = found->second.contiguous();
  return {values.const_data_ptr<std::int64_t>(), values.const_data_ptr<std::int64_t>() + values.numel()};
}

/// How far a run had come.
struct Position {
  std::int64_t phase;
  std::int64_t first_epoch;  // of the phase
  std::int64_t epochs_done;
  std::int64_t steps_done;
  std::int64_t samples;  // of the epoch that was under way
};

Position position_in(const Tensors& state) {
  const auto values = integers_in(state, "position");
  require(values.size() == 5 && std::ranges::min(values) >= 0 && values[1] >= 1 && values[2] >= values[1] - 1,
          ExitCode::kBadInput, "the checkpoint does not say how far its run had come.");
  return {values[0], values[1], values[2], values[3], values[4]};
}

/// Those whose names begin so, without that beginning.
Tensors with_prefix(const Tensors& state, std::string_view prefix) {
  Tensors found;
  for (const auto& [name, tensor] : state)
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
  return found;
}

/// On the host, as float64, which holds each of their values to the last bit.
torch::Tensor packed(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> parts;
  for (const auto& tensor : tensors) parts.push_back(tensor.to(torch::kCPU, torch::kFloat64).flatten());
  return torch::cat(parts);
}

void unpack(const torch::Tensor& values, const std::vector<torch::Tensor>& tensors) {
  std::int64_t begin = 0;
  for (const auto& tensor : tensors) {
    tensor.copy_(values.slice(0, begin, begin + tensor.numel()).reshape(tensor.sizes()));
    begin += tensor.numel();
  }
}

/// Those of the averaged tensors that are no parameters, but statistics.
std::vector<torch::Tensor> averaged_statistics(const Net& net, const WeightAverage& average) {
  const auto& all = average.average();
  return {all.begin() + std::ssize(learning_parameters(net)), all.end()};
}

}  // namespace

/// What between the ends of epochs is each rank's own: statistics of its batch norms, and their averages. Shared
/// memory.
std::vector<torch::Tensor> Trainer::own_statistics() {
  const auto running = running_statistics(net_);
  auto own = running.values;
  own.insert(own.end(), running.counts.begin(), running.counts.end());
  if (const auto* average = step_.average(); average != nullptr && !own.empty()) {
    const auto averages = averaged_statistics(net_, *average);
    own.insert(own.end(), averages.begin(), averages.end());
  }
  return own;
}

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
  const auto samples = std::min(steps_of_epoch_ * train_.global_batch_size(), train_.size());
  if (config_.skip_non_finite > 0 || skipped_before_ > 0)
    checkpoint.state["bad_steps"] =
        torch::tensor({step_.bad_in_row(), skipped_before_ + step_.skipped_steps()}, torch::kInt64);
  checkpoint.state["position"] =
      torch::tensor({config_.phase, first_epoch_, epochs_done_, step_.steps_done(), samples}, torch::kInt64);
  return checkpoint;
}

/// The model's statistics become what an epoch's end would make of them, so that it can be used, and other ranks go on
/// from it; the ranks' own go beside it, and training goes on with these. Collective.
Checkpoint Trainer::snapshot_within_epoch() {
  const torch::NoGradGuard no_grad;
  const auto statistics = own_statistics();
  const auto own = statistics.empty() ? torch::Tensor() : packed(statistics);
  const auto samples = meter_.sums().samples;
  if (config_.virtual_ranks == 0) combine_statistics(samples);
  require_finite_net();
  Checkpoint checkpoint = snapshot();
  if (communicator_.rank() == 0) checkpoint = host_copy(checkpoint);  // which writes it
  checkpoint.state["sums_of_epoch"] = meter_.of_all_ranks(communicator_);
  if (own.defined()) {
    checkpoint.state["statistics_of_ranks"] = communicator_.all_gather(own);
    unpack(own, statistics);
  }
  return checkpoint;
}

std::int64_t phase_of(const Checkpoint& checkpoint) {
  return position_in(checkpoint.state).phase;
}

std::optional<BestValue> best_of(const Checkpoint& checkpoint) {
  const auto best = numbers_in(checkpoint.state, "best");
  if (best.size() != 1 || !std::isfinite(best[0])) return std::nullopt;
  return BestValue{checkpoint.info.best_metric, best[0]};
}

void Trainer::restore(const Checkpoint& checkpoint, const std::optional<BestValue>& best) {
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

  const auto position = position_in(state);
  require(position.phase == config_.phase, "a checkpoint of another phase");
  require(position.samples <= train_.size(), ExitCode::kBadInput,
          "the checkpoint is further in its epoch than the train split has samples.");
  first_epoch_ = position.first_epoch;
  epochs_done_ = position.epochs_done;
  const auto bad_steps = integers_in(state, "bad_steps");
  const bool knows_bad_steps = bad_steps.size() == 2 && std::ranges::min(bad_steps) >= 0;
  step_.restore(with_prefix(state, kOptimizer), position.steps_done, knows_bad_steps ? bad_steps[0] : 0);
  if (knows_bad_steps) skipped_before_ = bad_steps[1];
  steps_of_epoch_ =
      position.samples == train_.size() ? train_.steps_per_epoch() : position.samples / train_.global_batch_size();
  if (steps_of_epoch_ > 0) restore_within_epoch(state);
  restore_memories(checkpoint);
  if (best && (best->metric.empty() || best->metric == selection_.name)) best_.restore(best->value);
}

/// Of schedule and early stopping; what they remember of another metric would mislead them, but for the cuts that were
/// made.
void Trainer::restore_memories(const Checkpoint& checkpoint) {
  const bool other_metric = !checkpoint.info.monitor.empty() && checkpoint.info.monitor != config_.monitor.name;
  auto schedule = numbers_in(checkpoint.state, "schedule");
  if (other_metric && schedule.size() >= 2) {
    schedule[0] = Improvement(config_.monitor.direction(), /*min_delta=*/0).best();
    schedule[1] = 0;
  }
  schedule_.restore(schedule);
  const auto stopping = numbers_in(checkpoint.state, "early_stopping");
  if (!other_metric && stopping.size() == 2) early_stopping_.restore(stopping[0], static_cast<int>(stopping[1]));
}

/// Others than wrote it go on from the statistics of all ranks together.
void Trainer::restore_within_epoch(const Tensors& state) {
  const auto sums = state.find("sums_of_epoch");
  require(sums != state.end() && sums->second.dim() == 2 && sums->second.size(1) == 3, ExitCode::kBadInput,
          "the checkpoint is of within an epoch, but does not say what its samples came to.");
  meter_.restore(sums->second);
  const auto found = state.find("statistics_of_ranks");
  if (found == state.end() || found->second.dim() != 2 || found->second.size(0) != communicator_.world_size()) return;
  train_what_is_not_frozen(net_);
  const auto own = own_statistics();
  if (own.empty() || packed(own).numel() != found->second.size(1)) return;  // other layers are frozen
  unpack(found->second[communicator_.rank()], own);
}

}  // namespace fer
