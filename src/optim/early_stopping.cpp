#include "optim/early_stopping.h"

namespace fer {

EarlyStopping::EarlyStopping(const EarlyStoppingConfig& config, Direction direction)
    : config_(config), improvement_(direction, config.min_delta) {}

void EarlyStopping::restore(double best, int bad_epochs) {
  improvement_.restore(best);
  bad_epochs_ = bad_epochs;
}

bool EarlyStopping::update(double value) {
  bad_epochs_ = improvement_.update(value) ? 0 : bad_epochs_ + 1;
  return config_.patience > 0 && bad_epochs_ >= config_.patience;
}

}  // namespace fer
