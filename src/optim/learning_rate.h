#pragma once

#include <optional>
#include <string>
#include <vector>

#include "optim/plateau_schedule.h"

namespace fer {

struct ScheduleConfig {
  std::string name = "constant";  // plateau | cosine | triangular | constant
  double warmup = 0;              // epochs in which the rate rises from nothing; of triangular 0 means a fifth of all
  PlateauConfig plateau;
};

/// The learning rate of each step of a run of so many epochs. After the warm-up `cosine` (Loshchilov and Hutter, arXiv
/// 1608.03983, without restarts) and `triangular` (Smith, arXiv 1506.01186, one cycle) fall to nothing at the end,
/// `constant` stays, and `plateau` is cut by what it hears of the epochs. Ranks that tell it the same agree.
class LearningRate {
 public:
  LearningRate(const ScheduleConfig& config, Direction direction, double base, double epochs);

  /// @param position  epochs since the start, with the steps of the current one as a fraction: [0, epochs]
  double at(double position) const;
  /// Takes an epoch's metric; returns whether the rate is cut.
  bool update(double value);
  /// What it remembers of the epochs, for a checkpoint; empty for schedules that do not listen.
  std::vector<double> memory() const;
  /// @param memory  of a schedule of the same name, perhaps another base: then the cuts that were made are made of that
  void restore(const std::vector<double>& memory);

  static std::vector<std::string> names() { return {"plateau", "cosine", "triangular", "constant"}; }

 private:
  std::string name_;
  double warmup_;
  double epochs_;
  double base_;  // rate at the start
  double rate_;  // after the warm-up, ahead of any fall
  std::optional<PlateauSchedule> plateau_;
};

}  // namespace fer
