#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "data/batch_maker.h"
#include "data/dataset.h"
#include "data/pixel_source.h"
#include "data/sampler.h"

namespace fer {

struct TrainingSetConfig {
  std::int64_t global_batch_size = 64;
  std::uint64_t seed = 1;
  Augmentation augmentation;
  bool balanced = false;           // draw every class equally often, instead of every sample once an epoch; each time
                                   // that a sample comes it is changed anew
  std::int64_t virtual_ranks = 0;  // as of Sampler
};

/// What one rank trains on in one step.
struct TrainingBatch {
  torch::Tensor images;              // [B, 1, H, W] float32 in [0, 1]; B may be 0 in a ragged step
  torch::Tensor labels;              // [B] int64
  torch::Tensor other_labels;        // [B] int64 of what mixup blended in; undefined without mixup
  torch::Tensor own_shares;          // [B] float32, the weight of `labels` beside `other_labels`; undefined likewise
  torch::Tensor class_shares;        // [B, classes] float32 to learn from instead of `labels`; undefined without votes
  torch::Tensor other_class_shares;  // of what mixup blended in
  std::int64_t first_row = 0;        // of its first sample in the batch of all ranks
  std::int64_t global_samples = 0;   // of all ranks together, the divisor of loss and gradient
  bool ragged = false;               // the last step, of another size than the others
  std::vector<std::int64_t> virtual_rows;  // how many each of this rank's virtual ranks takes; empty: there are none

  /// The i-th of so many parts with about as many samples each; a part may be empty.
  TrainingBatch part(std::int64_t i, std::int64_t parts) const;
  /// What each of this rank's virtual ranks takes; a part may be empty.
  std::vector<TrainingBatch> virtual_parts() const;

 private:
  TrainingBatch rows(std::int64_t begin, std::int64_t end) const;
};

/// A rank's part of the train split, step by step. What a step is made of depends on seed and epoch, not on the number
/// of ranks nor on whether the pictures lie in memory or come from the disk. Not collective.
class TrainingSet {
 public:
  /// @param labels  [N] int64 on the host, in [0, classes)
  /// @param pixels  where the N pictures are
  /// @param class_shares  [N, classes] float32 on the host, or undefined: of each sample, what part is each class's
  TrainingSet(const TrainingSetConfig& config, torch::Tensor labels, std::int64_t classes,
              std::unique_ptr<PixelSource> pixels, int rank, int world_size, torch::Tensor class_shares = {});

  std::int64_t size() const { return sampler_.samples(); }
  std::int64_t global_batch_size() const { return sampler_.global_batch_size(); }
  std::int64_t steps_per_epoch() const { return sampler_.steps_per_epoch(); }
  PictureSize picture_size() const { return maker_.size(); }
  torch::Device device() const { return pixels_->device(); }

  /// Goes to a step, counted from 0, of an epoch, counted from 1.
  void start_epoch(std::int64_t epoch, std::int64_t first_step = 0);
  /// The next step's batch. @throws Error (kBadInput) naming the shard if a read fails.
  TrainingBatch next();

 private:
  std::vector<std::int64_t> samples_of(const StepShare& share) const;
  std::vector<std::int64_t> visits_of(const StepShare& share, std::size_t samples) const;
  torch::Tensor of_samples(const torch::Tensor& all, std::span<const std::int64_t> samples) const;

  TrainingSetConfig config_;
  torch::Tensor labels_;
  torch::Tensor class_shares_;
  std::int64_t classes_;
  std::unique_ptr<PixelSource> pixels_;
  Sampler sampler_;
  BatchMaker maker_;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;
};

/// The train split in memory, or on the GPU, as bytes.
TrainingSet resident_training_set(const TrainingSetConfig& config, const Split& split, std::int64_t classes,
                                  const torch::Device& device, int rank, int world_size);

}  // namespace fer
