#pragma once

#include "optim/improvement.h"

namespace fer {

struct EarlyStoppingConfig {
  int patience = 0;  // 0: never stop early
  double min_delta = 1e-4;
};

/// Ends a run at the `patience`-th epoch in a row without improvement, as Keras does. Fed with the metric that all
/// ranks share, so all of them stop at the same epoch.
class EarlyStopping {
 public:
  EarlyStopping(const EarlyStoppingConfig& config, Direction direction);

  /// Takes an epoch's metric; returns whether to stop.
  bool update(double value);

  double best() const { return improvement_.best(); }
  int bad_epochs() const { return bad_epochs_; }
  /// Goes on from where another stood.
  void restore(double best, int bad_epochs);

 private:
  EarlyStoppingConfig config_;
  Improvement improvement_;
  int bad_epochs_ = 0;
};

}  // namespace fer
