#include "train/trainer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "comm/agreement.h"
#include "model/batch_norm.h"
#include "model/dropout.h"
#include "model/freeze.h"
#include "optim/clip.h"
#include "train/evaluate.h"
#include "train/non_finite.h"
#include "train/replicas.h"
#include "train/tree_reducer.h"

namespace fer {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Seconds since it was last asked.
class Laps {
 public:
  double next() {
    const auto since = std::exchange(last_, Clock::now());
    return std::chrono::duration<double>(last_ - since).count();
  }

 private:
  Clock::time_point last_ = Clock::now();
};

NamedParameters named_parameters(const Net& net) {
  NamedParameters parameters;
  for (const auto& item : net.named_parameters())
    if (item.value().requires_grad()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

/// What a moving average of a net is made of: its parameters, and the statistics that its batch norms have of them.
NamedParameters averaged_tensors(const Net& net) {
  auto tensors = named_parameters(net);
  for (const auto& item : net.named_buffers())
    if (item.value().is_floating_point()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

std::vector<torch::Tensor> without_names(const NamedParameters& named) {
  std::vector<torch::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

bool wants_synchronised_batch_norm(const TrainerConfig& config, std::int64_t global_batch_size, int world_size) {
  if (world_size == 1 || config.virtual_ranks > 0 || config.sync_batch_norm == SyncBatchNorm::kOff) return false;
  const auto samples = global_batch_size / world_size / config.accumulate;
  return config.sync_batch_norm == SyncBatchNorm::kOn || samples < kFewestLocalSamples;
}

std::unique_ptr<GradientReducer> make_reducer(const TrainerConfig& config, Net& net, Communicator& communicator) {
  auto parameters = without_names(named_parameters(net));
  if (config.virtual_ranks > 0) return std::make_unique<TreeReducer>(std::move(parameters), net, communicator);
  return std::make_unique<BucketReducer>(std::move(parameters), communicator, config.buckets);
}

Monitor selection_metric(const Monitor& monitor, bool has_validation) {
  return has_validation && !monitor.needs_validation() ? Monitor{"val_accuracy"} : monitor;
}

}  // namespace

Trainer::Trainer(const TrainerConfig& config, Net& net, TrainingSet& train, const Loader* validation,
                 Communicator& communicator, TrainingObserver& observer, const TrainingProgress& start)
    : config_(config),
      net_(net),
      train_(train),
      validation_(validation),
      communicator_(communicator),
      observer_(observer),
      optimizer_(make_optimizer(config.optimizer, named_parameters(net))),
      reducer_(make_reducer(config, net, communicator_)),
      synchronised_batch_norm_(
          wants_synchronised_batch_norm(config, train.global_batch_size(), communicator.world_size())),
      schedule_(config.schedule, config.monitor.direction(), config.optimizer.learning_rate,
                static_cast<double>(config.epochs)),
      learning_rate_(torch::zeros({}, train.device().is_cuda() ? torch::dtype(torch::kFloat32).device(train.device())
                                                               : torch::dtype(torch::kFloat64))),
      early_stopping_(config.early_stopping, config.monitor.direction()),
      selection_(selection_metric(config.monitor, validation != nullptr)),
      best_(start.best && start.best_metric == selection_.name
                ? *start.best
                : Improvement(selection_.direction(), /*min_delta=*/0.0)),
      first_epoch_(start.epochs + 1),
      epochs_done_(start.epochs),
      steps_done_(start.steps) {}

std::string Trainer::run() {
  broadcast_replica(net_, communicator_);
  if (config_.average_decay > 0) average_.emplace(without_names(averaged_tensors(net_)), config_.average_decay);
  std::string stop_reason;
  for (auto epoch = first_epoch_; epoch < first_epoch_ + config_.epochs && stop_reason.empty(); ++epoch) {
    const EpochReport report = run_epoch(epoch);
    observer_.on_epoch_end(report, *this);
    stop_reason = report.stop_reason;
  }
  return stop_reason;
}

MetricSums Trainer::train_epoch(std::int64_t epoch) {
  const bool is_virtual = config_.virtual_ranks > 0;
  MetricMeter meter(train_.device(), is_virtual ? config_.virtual_ranks / communicator_.world_size() : 1);
  train_what_is_not_frozen(net_);
  train_.start_epoch(epoch);
  const auto steps = train_.steps_per_epoch();
  account_ = {};
  Laps laps;
  for (std::int64_t step = 0; step < steps; ++step) {
    set_learning_rate(static_cast<double>(epoch - first_epoch_) +
                      (static_cast<double>(step) + 0.5) / static_cast<double>(steps));
    const auto batch = train_.next();
    account_.data += laps.next();
    const double communicated = communicator_.seconds();
    train_step(batch, meter);
    const double waited = communicator_.seconds() - communicated;
    account_.communication += waited;
    account_.compute += laps.next() - waited;
    observer_.on_step(step + 1, meter);
    laps.next();  // progress shown is none of these
  }
  if (!is_virtual) combine_statistics(meter.sums().samples);
  return meter.reduced(communicator_);
}

/// Of the net, and of the average.
void Trainer::combine_statistics(std::int64_t samples) {
  combine_running_statistics(net_, communicator_, samples);
  if (!average_) return;
  const AverageInUse average(&*average_);
  combine_running_statistics(net_, communicator_, samples);
}

void Trainer::train_step(const TrainingBatch& batch, MetricMeter& meter) {
  // In a ragged step a rank may hold one sample or none, which only statistics over all ranks can bear.
  const bool shared_statistics =
      communicator_.world_size() > 1 && config_.virtual_ranks == 0 && (synchronised_batch_norm_ || batch.ragged);
  share_batch_statistics(net_, shared_statistics ? &communicator_ : nullptr);

  const auto parts = parts_of(batch, shared_statistics);
  for (std::int64_t i = 0; i < std::ssize(parts); ++i) {
    const TrainingBatch& part = parts[static_cast<std::size_t>(i)];
    const auto samples = part.images.size(0);
    reducer_->begin_part(/*last=*/i + 1 == std::ssize(parts));
    if (samples > 0 || shared_statistics) {
      place_dropout(net_, {config_.seed, steps_done_, part.first_row});
      const auto logits = net_.forward(part.images);
      const auto loss_sum = summed_loss(logits, part, config_.loss);
      // Divided by the samples of all ranks, so that the sum over ranks is the mean over samples, however dealt.
      (loss_sum / static_cast<double>(part.global_samples)).backward();
      meter.add(loss_sum, logits, part.labels, config_.virtual_ranks > 0 ? i : 0);
    }
    reducer_->end_part(static_cast<double>(samples) / static_cast<double>(part.global_samples));
  }
  auto gradients = reducer_->reduce();
  require_finite(parts, gradients);
  if (config_.clip_norm > 0) gradients = clipped(gradients, config_.clip_norm);
  optimizer_->step(gradients, learning_rate_);
  if (average_) average_->update();
  ++steps_done_;
}

/// As many on all ranks while they share statistics, which are collective; on its own a part wants two samples for
/// them.
std::vector<TrainingBatch> Trainer::parts_of(const TrainingBatch& batch, bool shared_statistics) const {
  if (config_.virtual_ranks > 0) return batch.virtual_parts();
  const auto most = std::clamp<std::int64_t>(batch.images.size(0) / 2, 1, config_.accumulate);
  const auto count = shared_statistics ? config_.accumulate : most;
  std::vector<TrainingBatch> parts;
  for (std::int64_t i = 0; i < count; ++i) parts.push_back(batch.part(i, count));
  return parts;
}

/// @param position  epochs since the start; the middle of a step counts, so that none has the rate zero.
void Trainer::set_learning_rate(double position) {
  learning_rate_.fill_(schedule_.at(position));
}

EpochReport Trainer::run_epoch(std::int64_t epoch) {
  observer_.on_epoch_start(epoch, train_.steps_per_epoch());
  const auto start = Clock::now();
  const MetricSums train = train_epoch(epoch);
  const double train_seconds = seconds_since(start);
  require_equal_replicas(net_, communicator_);

  EpochReport report;
  report.record.epoch = epoch;
  report.record.step = steps_done_;
  report.record.learning_rate = learning_rate_.item<double>();
  report.record.train_loss = train.loss();
  report.record.train_accuracy = train.accuracy();
  report.record.images_per_second = static_cast<double>(train.samples) / train_seconds;
  account_for(report, train_seconds);
  score_validation(report.record);
  require_finite(report.record);
  decide(report);
  report.record.seconds = seconds_since(start);
  epochs_done_ = epoch;
  return report;
}

/// Collective.
void Trainer::account_for(EpochReport& report, double train_seconds) {
  account_.other = train_seconds - account_.compute - account_.communication - account_.data;
  report.accounts = all_accounts(account_, communicator_);
  const auto mean = mean_of(report.accounts);
  report.record.compute_seconds = mean.compute;
  report.record.communication_seconds = mean.communication;
  report.record.data_seconds = mean.data;
  report.record.other_seconds = mean.other;
  if (const auto slowest = slowest_of(report.accounts)) {
    report.record.slowest_rank = slowest->rank;
    report.record.slowest_ratio = slowest->ratio;
  }
}

void Trainer::score_validation(EpochRecord& record) {
  if (validation_ == nullptr) return;
  const AverageInUse average(average_ ? &*average_ : nullptr);
  const auto report = *evaluate(net_, *validation_, communicator_).report;
  record.val_loss = report.sums.loss();
  record.val_accuracy = report.sums.accuracy();
  record.val_macro_f1 = report.macro_f1;
}

/// The sum over the ranks carries what is not finite on any of them to all, which therefore stop in the same step.
void Trainer::require_finite(const std::vector<TrainingBatch>& parts, const std::vector<torch::Tensor>& gradients) {
  if (all_finite(gradients)) return;
  const auto found = first_non_finite(net_, parts, config_.loss, named_parameters(net_), gradients);
  const auto of_ranks = all_gather_text(communicator_, found.what);
  const auto places = communicator_.all_gather(torch::tensor({found.place}));
  const auto rank = places.argmin(0).item<std::int64_t>();  // the rank where it happened first
  fail_together(ExitCode::kNonFinite,
                fmt::format("step {} went non-finite: {} on rank {} is no finite number. Nothing was updated; try a "
                            "smaller --lr, or look at what that layer computes.",
                            steps_done_ + 1, of_ranks[static_cast<std::size_t>(rank)], rank));
}

/// A diverged epoch must not become a checkpoint. Losses are taken before an update, so the weights are looked at too.
void Trainer::require_finite(const EpochRecord& record) const {
  const auto refuse = [&](const std::string& quantity) {
    fail_together(ExitCode::kNonFinite, fmt::format("{} of epoch {} is no finite number: the run has diverged. Try a "
                                                    "smaller --lr.",
                                                    quantity, record.epoch));
  };
  if (!std::isfinite(record.train_loss)) refuse("the training loss");
  for (const auto& item : net_.named_parameters())
    if (!item.value().isfinite().all().item<bool>()) refuse(fmt::format("parameter '{}'", item.key()));
  for (const auto& item : net_.named_buffers())
    if (!item.value().isfinite().all().item<bool>()) refuse(fmt::format("the statistic '{}'", item.key()));
  if (validation_ != nullptr && !std::isfinite(record.val_loss)) refuse("the validation loss");
}

void Trainer::decide(EpochReport& report) {
  const double value = config_.monitor.value(report.record);
  report.learning_rate_cut = schedule_.update(value);
  report.next_learning_rate = schedule_.at(static_cast<double>(report.record.epoch + 1 - first_epoch_));
  if (early_stopping_.update(value))
    report.stop_reason = fmt::format("{} epochs in a row without improvement", early_stopping_.bad_epochs());
  report.epochs_without_improvement = early_stopping_.bad_epochs();
  if (config_.stop_at_accuracy > 0 && report.record.train_accuracy >= config_.stop_at_accuracy)
    report.stop_reason = fmt::format("the training accuracy is {:.2f} %", 100 * report.record.train_accuracy);
  report.last = !report.stop_reason.empty() || report.record.epoch + 1 == first_epoch_ + config_.epochs;
  // Without validation there is no basis for preferring an earlier epoch: the latest counts as the best.
  report.best = best_.update(selection_.value(report.record)) || validation_ == nullptr;
}

/// The average becomes the model; the weights, with which training would go on, become state.
void Trainer::add_average(Checkpoint& checkpoint) const {
  const auto tensors = averaged_tensors(net_);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& name = tensors[i].first;
    checkpoint.state["weights." + name] = checkpoint.model.at(name);
    checkpoint.model[name] = average_->average()[i];
  }
}

Checkpoint Trainer::snapshot() const {
  Checkpoint checkpoint;
  checkpoint.model = model_tensors(net_);
  if (average_) add_average(checkpoint);
  for (const auto& [name, tensor] : optimizer_->state()) checkpoint.state["optimizer." + name] = tensor;
  const auto numbers = [](std::vector<double> values) { return torch::tensor(values, torch::kFloat64); };
  checkpoint.state["learning_rate"] = numbers({schedule_.at(static_cast<double>(epochs_done_ + 1 - first_epoch_))});
  if (const auto& plateau = schedule_.plateau())
    checkpoint.state["plateau"] = numbers({plateau->best(), static_cast<double>(plateau->bad_epochs())});
  checkpoint.state["early_stopping"] =
      numbers({early_stopping_.best(), static_cast<double>(early_stopping_.bad_epochs())});
  checkpoint.state["best"] = numbers({best_.best()});
  checkpoint.state["position"] = torch::tensor({epochs_done_, steps_done_}, torch::kInt64);
  return checkpoint;
}

}  // namespace fer
