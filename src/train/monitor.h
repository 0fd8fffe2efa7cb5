#pragma once

#include <string>
#include <vector>

#include "artifacts/history.h"
#include "optim/improvement.h"

namespace fer {

/// The quantity of an epoch that schedule, early stopping and choice of the best epoch listen to.
struct Monitor {
  std::string name = "train_loss";

  static const std::vector<std::string>& names();  // train_loss, train_accuracy, val_loss, val_accuracy
  Direction direction() const { return name.ends_with("loss") ? Direction::kMin : Direction::kMax; }
  bool needs_validation() const { return name.starts_with("val_"); }
  double value(const EpochRecord& record) const;
};

}  // namespace fer
