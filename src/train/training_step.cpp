#include "train/training_step.h"

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include <algorithm>

#include "comm/agreement.h"
#include "data/sampler.h"
#include "model/batch_norm.h"
#include "model/dropout.h"
#include "optim/clip.h"
#include "train/non_finite.h"
#include "train/replicas.h"
#include "train/tree_reducer.h"

namespace fer {
namespace {

/// Has torch compute in bfloat16 what bears it, while it is in scope.
class Autocast {
 public:
  explicit Autocast(bool on) {
    at::autocast::set_autocast_enabled(at::kCUDA, on);
    at::autocast::set_autocast_dtype(at::kCUDA, torch::kBFloat16);
    at::autocast::set_autocast_cache_enabled(false);  // a recorded step must cast its weights each time
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;
  ~Autocast() { at::autocast::set_autocast_enabled(at::kCUDA, false); }
};

std::vector<torch::Tensor> without_names(const NamedParameters& named) {
  std::vector<torch::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

bool wants_synchronised_batch_norm(const TrainerConfig& config, std::int64_t global_batch_size, int world_size) {
  if (world_size == 1 || config.virtual_ranks > 0 || config.sync_batch_norm == SyncBatchNorm::kOff) return false;
  const auto samples = global_batch_size / world_size / config.accumulate;  // of a part
  return config.sync_batch_norm == SyncBatchNorm::kOn || samples < kFewestLocalSamples;
}

/// Running statistics, the sums of metrics, and the average, if there is one.
std::vector<torch::Tensor> changed_beside_weights(const Net& net, const MetricMeter& meter,
                                                  const WeightAverage* average) {
  auto tensors = net.buffers();
  tensors.push_back(meter.values());
  if (average != nullptr) tensors.insert(tensors.end(), average->average().begin(), average->average().end());
  return tensors;
}

std::unique_ptr<GradientReducer> make_reducer(const TrainerConfig& config, Net& net, Communicator& communicator) {
  auto parameters = without_names(learning_parameters(net));
  if (config.virtual_ranks > 0)
    return std::make_unique<TreeReducer>(std::move(parameters), net, communicator, config.virtual_ranks);
  return std::make_unique<BucketReducer>(std::move(parameters), communicator, config.buckets);
}

}  // namespace

std::vector<double> shares_of_ranks(const TrainerConfig& config, const Communicator& communicator) {
  const std::int64_t world_size = communicator.world_size();
  std::vector<double> shares(static_cast<std::size_t>(world_size), 1);
  if (config.virtual_ranks == 0) return shares;
  for (std::int64_t rank = 0; rank < world_size; ++rank)
    shares[static_cast<std::size_t>(rank)] =
        static_cast<double>(first_virtual_rank(rank + 1, world_size, config.virtual_ranks) -
                            first_virtual_rank(rank, world_size, config.virtual_ranks));
  return shares;
}

MetricMeter make_meter(const TrainerConfig& config, const Communicator& communicator, torch::Device device) {
  const std::int64_t rank = communicator.rank(), world_size = communicator.world_size();
  if (config.virtual_ranks == 0) return MetricMeter(device, {rank, 1, world_size});
  const auto first = first_virtual_rank(rank, world_size, config.virtual_ranks);
  const auto end = first_virtual_rank(rank + 1, world_size, config.virtual_ranks);
  return MetricMeter(device, {first, end - first, config.virtual_ranks});
}

NamedParameters learning_parameters(const Net& net) {
  NamedParameters parameters;
  for (const auto& item : net.named_parameters())
    if (item.value().requires_grad()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

NamedParameters averaged_tensors(const Net& net) {
  auto tensors = learning_parameters(net);
  for (const auto& item : net.named_buffers())
    if (item.value().is_floating_point()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

TrainingStep::TrainingStep(const TrainerConfig& config, Net& net, Communicator& communicator, const TrainingSet& train,
                           std::int64_t steps_done)
    : config_(config),
      net_(net),
      communicator_(communicator),
      parameters_(learning_parameters(net)),
      optimizer_(make_optimizer(config.optimizer, parameters_)),
      reducer_(make_reducer(config, net, communicator)),
      synchronised_batch_norm_(
          wants_synchronised_batch_norm(config, train.global_batch_size(), communicator.world_size())),
      first_step_(steps_done),
      steps_done_(steps_done) {
  broadcast_replica(net, communicator);
  if (config.average_decay > 0) average_.emplace(without_names(averaged_tensors(net)), config.average_decay);
  // Shared statistics make the host wait in the middle of a step.
  if (config.records_steps && !synchronised_batch_norm_) graph_ = make_step_graph(train.device());
  const auto on_device = torch::dtype(torch::kFloat32).device(train.device());
  learning_rate_ = torch::zeros({}, train.device().is_cuda() ? on_device : torch::dtype(torch::kFloat64));
  for (auto* scalar : {&left_out_, &bad_in_row_, &stopped_}) *scalar = torch::zeros({}, on_device);
  for (auto* count : {&steps_ahead_, &skipped_}) *count = torch::zeros({}, on_device.dtype(torch::kInt64));
  if (train.device().is_cuda()) dropout_step_ = torch::zeros({}, on_device.dtype(torch::kInt32));
}

TrainingStep::~TrainingStep() {
  share_batch_statistics(net_, nullptr);
}

void TrainingStep::restore(const std::map<std::string, torch::Tensor>& optimizer, std::int64_t steps_done,
                           std::int64_t bad_in_row) {
  optimizer_->restore(optimizer);
  first_step_ = steps_done_ = steps_done;
  bad_in_row_.fill_(static_cast<double>(bad_in_row));
}

void TrainingStep::run(const TrainingBatch& batch, double learning_rate, MetricMeter& meter, const Requests& own) {
  if (config_.skip_non_finite > 0 && !undo_) undo_.emplace(changed_beside_weights(net_, meter, average()));
  if (undo_) undo_->remember();
  reducer_->ask(own);
  learning_rate_.fill_(learning_rate);
  prepare(batch, steps_done_);
  if (graph_ && !batch.ragged)
    graph_->run(batch, [&](const TrainingBatch& same_place) { update(same_place, meter); });
  else
    update(batch, meter);
  if (average_) average_->update();
  if (undo_) undo_->take_back(left_out_);
  ++steps_done_;
}

void TrainingStep::leave_out_of_average(std::int64_t steps) {
  if (average_) average_->restore(average_->updates() - static_cast<double>(steps));
}

/// What of a step is not recorded.
void TrainingStep::prepare(const TrainingBatch& batch, std::int64_t step) {
  share_batch_statistics(net_, shares_statistics(batch) ? &communicator_ : nullptr);
  if (dropout_step_.defined()) dropout_step_.fill_(step);
}

void TrainingStep::update(const TrainingBatch& batch, MetricMeter& meter) {
  auto gradients = gradients_of(parts_of(batch), steps_done_, meter);
  judge(gradients);
  if (config_.clip_norm > 0) gradients = clipped(gradients, config_.clip_norm);
  optimizer_->step(gradients, learning_rate_, left_out_);
}

/// By the device itself, in memory that a recorded step finds again.
void TrainingStep::judge(const std::vector<torch::Tensor>& gradients) {
  const auto bad = not_finite(gradients).to(torch::kFloat32);
  bad_in_row_.add_(1).mul_(bad);
  at::maximum_out(stopped_, stopped_, bad_in_row_.gt(config_.skip_non_finite).to(torch::kFloat32));
  at::maximum_out(left_out_, bad, stopped_);
  const auto goes_on = (1 - stopped_).to(torch::kInt64);
  steps_ahead_ += goes_on;
  skipped_ += left_out_.to(torch::kInt64) * goes_on;
}

/// Of all ranks together.
std::vector<torch::Tensor> TrainingStep::gradients_of(const std::vector<TrainingBatch>& parts, std::int64_t step,
                                                      MetricMeter& meter) {
  for (std::int64_t i = 0; i < std::ssize(parts); ++i) {
    const TrainingBatch& part = parts[static_cast<std::size_t>(i)];
    const auto samples = part.images.size(0);
    reducer_->begin_part(/*last=*/i + 1 == std::ssize(parts));
    if (samples > 0 || shares_statistics(part)) {
      place_dropout(net_, {config_.seed, step, part.first_row, dropout_step_});
      torch::Tensor logits, loss_sum;
      {
        const Autocast autocast(config_.autocast);
        logits = net_.forward(part.images);
        loss_sum = summed_loss(logits, part, config_.loss);
      }
      // Divided by the samples of all ranks, so that the sum over ranks is the mean over samples, however dealt.
      (loss_sum / static_cast<double>(part.global_samples)).backward();
      meter.add(loss_sum, logits, part.labels, config_.virtual_ranks > 0 ? i : 0);
    }
    reducer_->end_part(static_cast<double>(samples) / static_cast<double>(part.global_samples));
  }
  return reducer_->reduce();
}

/// In a ragged step a rank may hold one sample or none, which only statistics over all ranks can bear.
bool TrainingStep::shares_statistics(const TrainingBatch& batch) const {
  return communicator_.world_size() > 1 && config_.virtual_ranks == 0 && (synchronised_batch_norm_ || batch.ragged);
}

/// As many on all ranks: statistics may be shared, which is collective, and each part counts for them. A part wants two
/// samples for them, and in a ragged step those of a rank may be all that others have none for.
std::vector<TrainingBatch> TrainingStep::parts_of(const TrainingBatch& batch) const {
  if (config_.virtual_ranks > 0) return batch.virtual_parts();
  const auto fewest_samples = batch.global_samples / communicator_.world_size();  // of a rank
  const auto most = std::clamp<std::int64_t>(fewest_samples / 2, 1, config_.accumulate);
  const auto count = shares_statistics(batch) && !batch.ragged ? config_.accumulate : most;
  std::vector<TrainingBatch> parts;
  for (std::int64_t i = 0; i < count; ++i) parts.push_back(batch.part(i, count));
  return parts;
}

std::int64_t TrainingStep::bad_in_row() const {
  return static_cast<std::int64_t>(bad_in_row_.item<float>());
}

std::int64_t TrainingStep::skipped_steps() const {
  return skipped_.item<std::int64_t>();
}

std::optional<std::int64_t> TrainingStep::fatal_step() const {
  if (stopped_.item<float>() == 0) return std::nullopt;
  return first_step_ + steps_ahead_.item<std::int64_t>();
}

BadStep TrainingStep::explain_fatal_step(const TrainingBatch& batch) {
  const auto step = *fatal_step();
  prepare(batch, step);
  auto unused = make_meter(config_, communicator_, stopped_.device());
  const auto parts = parts_of(batch);
  const auto gradients = gradients_of(parts, step, unused);
  const auto found = first_non_finite(net_, parts, config_.loss, parameters_, gradients);
  const auto of_ranks = all_gather_text(communicator_, found.what);
  const auto places = communicator_.all_gather(torch::tensor({found.place}));
  const auto rank = places.argmin(0).item<std::int64_t>();
  return {step, static_cast<int>(rank), of_ranks[static_cast<std::size_t>(rank)]};
}

}  // namespace fer
