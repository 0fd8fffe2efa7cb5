#include "optim/plateau_schedule.h"

namespace fer {
namespace {

constexpr double kSmallestCut = 1e-8;  // PyTorch's eps: a smaller change is not made

}  // namespace

PlateauSchedule::PlateauSchedule(const PlateauConfig& config, Direction direction, double learning_rate)
    : config_(config), improvement_(direction, config.min_delta), learning_rate_(learning_rate) {}

void PlateauSchedule::restore(double learning_rate, double best, int bad_epochs) {
  learning_rate_ = learning_rate;
  improvement_.restore(best);
  bad_epochs_ = bad_epochs;
}

double PlateauSchedule::update(double value) {
  bad_epochs_ = improvement_.update(value) ? 0 : bad_epochs_ + 1;
  if (bad_epochs_ > config_.patience) {
    bad_epochs_ = 0;
    const double cut = learning_rate_ * config_.factor;
    if (learning_rate_ - cut > kSmallestCut) learning_rate_ = cut;
  }
  return learning_rate_;
}

}  // namespace fer
