#include "optim/learning_rate.h"

#include <cmath>
#include <numbers>

namespace fer {
namespace {

constexpr double kTriangularRise = 0.2;

}  // namespace

LearningRate::LearningRate(const ScheduleConfig& config, Direction direction, double base, double epochs)
    : name_(config.name), warmup_(config.warmup), epochs_(epochs), base_(base), rate_(base) {
  if (name_ == "triangular" && warmup_ == 0) warmup_ = kTriangularRise * epochs;
  if (name_ == "plateau") plateau_.emplace(config.plateau, direction, base);
}

double LearningRate::at(double position) const {
  if (position < warmup_) return rate_ * position / warmup_;
  const double fallen = epochs_ > warmup_ ? (position - warmup_) / (epochs_ - warmup_) : 0;  // 0 to 1
  if (name_ == "triangular") return rate_ * (1 - fallen);
  if (name_ == "cosine") return rate_ * (1 + std::cos(std::numbers::pi * fallen)) / 2;
  return rate_;
}

std::vector<double> LearningRate::memory() const {
  if (!plateau_) return {};
  return {plateau_->best(), static_cast<double>(plateau_->bad_epochs()), base_, rate_};
}

void LearningRate::restore(const std::vector<double>& memory) {
  if (!plateau_ || memory.size() != 4) return;
  // The same base gives the same rate to the last bit.
  rate_ = memory[2] == base_ ? memory[3] : memory[3] / memory[2] * base_;
  plateau_->restore(rate_, memory[0], static_cast<int>(memory[1]));
}

bool LearningRate::update(double value) {
  if (!plateau_) return false;
  const double before = rate_;
  rate_ = plateau_->update(value);
  return rate_ < before;
}

}  // namespace fer
