#pragma once

#include "optim/improvement.h"

namespace fer {

struct PlateauConfig {
  double factor = 0.1;
  int patience = 10;
  double min_delta = 1e-4;  // relative
};

/// Cuts the learning rate when a metric stops getting better: after *more than* `patience` epochs without improvement,
/// as PyTorch's ReduceLROnPlateau counts. A plain state machine: ranks that feed it the same values decide alike.
class PlateauSchedule {
 public:
  PlateauSchedule(const PlateauConfig& config, Direction direction, double learning_rate);

  /// Takes an epoch's metric; returns the learning rate of the next epoch.
  double update(double value);

  double best() const { return improvement_.best(); }
  int bad_epochs() const { return bad_epochs_; }
  double learning_rate() const { return learning_rate_; }
  /// Goes on from where another stood.
  void restore(double learning_rate, double best, int bad_epochs);

 private:
  PlateauConfig config_;
  Improvement improvement_;
  double learning_rate_;
  int bad_epochs_ = 0;
};

}  // namespace fer
