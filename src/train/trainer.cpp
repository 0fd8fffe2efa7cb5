#include "train/trainer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>

#include "comm/agreement.h"
#include "model/batch_norm.h"
#include "train/evaluate.h"
#include "train/replicas.h"

namespace fer {
namespace {

using Clock = std::chrono::steady_clock;

/// Below this many samples a rank's own batch statistics are too noisy to normalise with.
constexpr std::int64_t kFewestLocalSamples = 16;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

NamedParameters named_parameters(const Net& net) {
  NamedParameters parameters;
  for (const auto& item : net.named_parameters()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

bool wants_synchronised_batch_norm(const TrainerConfig& config, std::int64_t global_batch_size, int world_size) {
  if (world_size == 1 || config.sync_batch_norm == SyncBatchNorm::kOff) return false;
  return config.sync_batch_norm == SyncBatchNorm::kOn || global_batch_size / world_size < kFewestLocalSamples;
}

std::optional<PlateauSchedule> make_plateau(const TrainerConfig& config) {
  if (!config.plateau) return std::nullopt;
  return PlateauSchedule(*config.plateau, config.monitor.direction(), config.optimizer.learning_rate);
}

Monitor selection_metric(const Monitor& monitor, bool has_validation) {
  return has_validation && !monitor.needs_validation() ? Monitor{"val_accuracy"} : monitor;
}

/// The sum of the samples' losses, against votes where there are any, else labels; of a sample that mixup has blended,
/// the losses of its two by their shares.
torch::Tensor summed_loss(const torch::Tensor& logits, const TrainingBatch& batch, const torch::Tensor& class_weights) {
  namespace F = torch::nn::functional;
  auto options = F::CrossEntropyFuncOptions().weight(class_weights);
  const bool voted = batch.class_shares.defined();
  const auto& targets = voted ? batch.class_shares : batch.labels;
  if (!batch.own_shares.defined()) return F::cross_entropy(logits, targets, options.reduction(torch::kSum));
  const auto& other_targets = voted ? batch.other_class_shares : batch.other_labels;
  options.reduction(torch::kNone);
  return (batch.own_shares * F::cross_entropy(logits, targets, options) +
          (1 - batch.own_shares) * F::cross_entropy(logits, other_targets, options))
      .sum();
}

}  // namespace

Trainer::Trainer(const TrainerConfig& config, Net& net, TrainingSet& train, const Loader* validation,
                 Communicator& communicator, TrainingObserver& observer)
    : config_(config),
      net_(net),
      train_(train),
      validation_(validation),
      communicator_(communicator),
      observer_(observer),
      optimizer_(make_optimizer(config.optimizer, named_parameters(net))),
      reducer_(std::make_unique<FlatReducer>(net.parameters(), communicator)),
      synchronised_batch_norm_(
          wants_synchronised_batch_norm(config, train.global_batch_size(), communicator.world_size())),
      learning_rate_(config.optimizer.learning_rate),
      plateau_(make_plateau(config)),
      early_stopping_(config.early_stopping, config.monitor.direction()),
      selection_(selection_metric(config.monitor, validation != nullptr)),
      best_(selection_.direction(), /*min_delta=*/0.0) {}

bool Trainer::run() {
  broadcast_replica(net_, communicator_);
  bool stop = false;
  for (std::int64_t epoch = 1; epoch <= config_.epochs && !stop; ++epoch) {
    const EpochReport report = run_epoch(epoch);
    observer_.on_epoch_end(report, *this);
    stop = report.stop;
  }
  return stop;
}

MetricSums Trainer::train_epoch(std::int64_t epoch) {
  MetricMeter meter(train_.device());
  net_.train();
  train_.start_epoch(epoch);
  for (std::int64_t step = 0; step < train_.steps_per_epoch(); ++step) {
    const TrainingBatch batch = train_.next();
    // In a ragged step a rank may hold one sample or none, which only statistics over all ranks can bear.
    const bool shared_statistics = communicator_.world_size() > 1 && (synchronised_batch_norm_ || batch.ragged);
    share_batch_statistics(net_, shared_statistics ? &communicator_ : nullptr);

    const auto logits = net_.forward(batch.images);
    const auto loss_sum = summed_loss(logits, batch, config_.class_weights);
    // Divided by the samples of all ranks, so that the sum over ranks is the mean over samples, however they are dealt.
    (loss_sum / static_cast<double>(batch.global_samples)).backward();
    const auto gradients = reducer_->reduce();
    optimizer_->step(gradients, learning_rate_);

    meter.add(loss_sum, logits, batch.labels);
    ++steps_done_;
    observer_.on_step(step + 1, meter);
  }
  combine_running_statistics(net_, communicator_, meter.sums().samples);
  return meter.reduced(communicator_);
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
  report.record.learning_rate = learning_rate_;
  report.record.train_loss = train.loss();
  report.record.train_accuracy = train.accuracy();
  report.record.images_per_second = static_cast<double>(train.samples) / train_seconds;
  score_validation(report.record);
  require_finite(report.record);
  decide(report);
  report.record.seconds = seconds_since(start);
  epochs_done_ = epoch;
  return report;
}

void Trainer::score_validation(EpochRecord& record) {
  if (validation_ == nullptr) return;
  const auto report = *evaluate(net_, *validation_, communicator_).report;
  record.val_loss = report.sums.loss();
  record.val_accuracy = report.sums.accuracy();
  record.val_macro_f1 = report.macro_f1;
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
  if (validation_ != nullptr && !std::isfinite(record.val_loss)) refuse("the validation loss");
}

void Trainer::decide(EpochReport& report) {
  const double value = config_.monitor.value(report.record);
  if (plateau_) learning_rate_ = plateau_->update(value);
  report.stop = early_stopping_.update(value);
  report.epochs_without_improvement = early_stopping_.bad_epochs();
  report.next_learning_rate = learning_rate_;
  // Without validation there is no basis for preferring an earlier epoch: the latest counts as the best.
  report.best = best_.update(selection_.value(report.record)) || validation_ == nullptr;
}

Checkpoint Trainer::snapshot() const {
  Checkpoint checkpoint;
  checkpoint.model = model_tensors(net_);
  for (const auto& [name, tensor] : optimizer_->state()) checkpoint.state["optimizer." + name] = tensor;
  const auto numbers = [](std::vector<double> values) { return torch::tensor(values, torch::kFloat64); };
  checkpoint.state["learning_rate"] = numbers({learning_rate_});
  if (plateau_) checkpoint.state["plateau"] = numbers({plateau_->best(), static_cast<double>(plateau_->bad_epochs())});
  checkpoint.state["early_stopping"] =
      numbers({early_stopping_.best(), static_cast<double>(early_stopping_.bad_epochs())});
  checkpoint.state["best"] = numbers({best_.best()});
  checkpoint.state["position"] = torch::tensor({epochs_done_, steps_done_}, torch::kInt64);
  return checkpoint;
}

}  // namespace fer
