#pragma once

#include "base/progress_bar.h"
#include "train/trainer.h"

namespace fer {

/// The live line of an epoch: `Epoch 3/12 22/47 32.9it/s 4211img/s loss 1.234 acc 45.1% lr 0.001 left 0:18`. Images per
/// second are those of all ranks; loss and accuracy are of this rank's part of the epoch, as far as it has come, for to
/// ask the others would cost a collective. The time left is that of the run, if nothing stops it early.
class EpochBar {
 public:
  /// @param epochs         of the run
  /// @param epoch_seconds  that the whole epoch before took, with its validation; 0: unknown
  EpochBar(const EpochStart& start, std::int64_t epochs, double epoch_seconds, bool visible);

  /// Looks at the sums, for which it has to wait for a GPU, only if a drawing is due.
  void show(std::int64_t step, const MetricMeter& so_far);

 private:
  double seconds_of_further_epochs(const Pace& pace) const;

  EpochStart start_;
  std::int64_t epochs_;
  double epoch_seconds_;
  ProgressBar bar_;
};

/// What it tells beside steps and times.
std::vector<LinePiece> pieces_of(double images_per_second, const MetricSums& so_far, double learning_rate);

}  // namespace fer
