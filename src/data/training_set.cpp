#include "data/training_set.h"

#include <torch/torch.h>

#include <numeric>

#include "base/error.h"
#include "data/epoch_order.h"

namespace fer {

TrainingBatch TrainingBatch::part(std::int64_t i, std::int64_t parts) const {
  if (parts == 1) return *this;
  const auto samples = images.size(0);
  return rows(samples * i / parts, samples * (i + 1) / parts);
}

std::vector<TrainingBatch> TrainingBatch::virtual_parts() const {
  std::vector<TrainingBatch> parts;
  std::int64_t begin = 0;
  for (const auto count : virtual_rows) {
    auto part = rows(begin, begin + count);
    part.images = part.images.clone();  // which begins at a line of the cache, on any number of ranks
    parts.push_back(std::move(part));
    begin += count;
  }
  return parts;
}

TrainingBatch TrainingBatch::rows(std::int64_t begin, std::int64_t end) const {
  TrainingBatch part = *this;
  part.first_row += begin;
  for (torch::Tensor* rows :
       {&part.images, &part.labels, &part.other_labels, &part.own_shares, &part.class_shares, &part.other_class_shares})
    if (rows->defined()) *rows = rows->slice(0, begin, end);
  return part;
}

TrainingSet::TrainingSet(const TrainingSetConfig& config, torch::Tensor labels, std::int64_t classes,
                         std::unique_ptr<PixelSource> pixels, int rank, int world_size, torch::Tensor class_shares)
    : config_(config),
      labels_(std::move(labels)),
      class_shares_(std::move(class_shares)),
      classes_(classes),
      pixels_(std::move(pixels)),
      sampler_(labels_.numel(), config.global_batch_size, rank, world_size, config.virtual_ranks),
      maker_(config.augmentation, pixels_->picture_size(), config.seed) {}

void TrainingSet::start_epoch(std::int64_t epoch, std::int64_t first_step) {
  epoch_ = epoch;
  step_ = first_step;
  const std::span labels(labels_.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(size()));
  // A window of whole steps, so that a step's samples are in memory together.
  const auto window = std::max<std::int64_t>(pixels_->window() / global_batch_size(), 1) * global_batch_size();
  sampler_.start_epoch(config_.balanced ? balanced_order(labels, classes_, config_.seed, epoch)
                                        : epoch_order(size(), pixels_->blocks(), window, config_.seed, epoch));
  std::vector<std::vector<std::int64_t>> samples_of_windows;
  for (auto step = first_step; step < steps_per_epoch(); ++step) {
    if (step == first_step || step * global_batch_size() % window == 0) samples_of_windows.emplace_back();
    const auto samples = samples_of(sampler_.share(step));
    samples_of_windows.back().insert(samples_of_windows.back().end(), samples.begin(), samples.end());
  }
  pixels_->start_epoch(std::move(samples_of_windows));
}

TrainingBatch TrainingSet::next() {
  const StepShare share = sampler_.share(step_);
  const auto samples = samples_of(share);
  const PixelRows pixels = pixels_->next(samples);
  Pictures pictures =
      maker_.make(pixels.images, pixels.rows, config_.balanced ? visits_of(share, samples.size()) : samples, epoch_);
  ++step_;

  TrainingBatch batch;
  batch.images = std::move(pictures.images);
  batch.labels = of_samples(labels_, share.indices);
  batch.class_shares = of_samples(class_shares_, share.indices);
  if (maker_.mixes()) {
    const auto others = std::span(samples).subspan(samples.empty() ? 0 : 1);
    batch.other_labels = of_samples(labels_, others);
    batch.other_class_shares = of_samples(class_shares_, others);
    batch.own_shares = pictures.own_shares.to(device());
  }
  batch.first_row = share.first_row;
  batch.global_samples = share.global_samples;
  batch.ragged = share.ragged;
  batch.virtual_rows = share.virtual_rows;
  return batch;
}

/// The rank's samples of a step, and with mixup the partner of the last.
std::vector<std::int64_t> TrainingSet::samples_of(const StepShare& share) const {
  std::vector<std::int64_t> samples(share.indices.begin(), share.indices.end());
  if (maker_.mixes() && !samples.empty()) samples.push_back(share.next);
  return samples;
}

/// The numbers in the epoch of this step's visits, of which several may be to one sample.
std::vector<std::int64_t> TrainingSet::visits_of(const StepShare& share, std::size_t samples) const {
  std::vector<std::int64_t> visits(samples);
  std::iota(visits.begin(), visits.end(), step_ * global_batch_size() + share.first_row);
  const auto own = std::ssize(share.indices);
  if (std::ssize(visits) > own && share.first_row + own == share.global_samples)
    visits.back() = step_ * global_batch_size();  // the last one's partner is the first of all ranks
  return visits;
}

/// Undefined if `all` is.
torch::Tensor TrainingSet::of_samples(const torch::Tensor& all, std::span<const std::int64_t> samples) const {
  if (!all.defined()) return {};
  const auto rows = torch::tensor(at::IntArrayRef(samples.data(), samples.size()), torch::kInt64);
  return all.index_select(0, rows).to(device());
}

TrainingSet resident_training_set(const TrainingSetConfig& config, const Split& split, std::int64_t classes,
                                  const torch::Device& device, int rank, int world_size) {
  return {config, split.labels, classes, std::make_unique<ResidentPixels>(split.images.to(device)), rank, world_size};
}

}  // namespace fer
