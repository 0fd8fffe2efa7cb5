#pragma once

#include <limits>

namespace fer {

/// Which way a metric gets better.
enum class Direction { kMin, kMax };

/// Remembers the best value of a metric, and says whether a new one improves on it by more than the share `min_delta`:
/// PyTorch's ReduceLROnPlateau with threshold_mode "rel".
class Improvement {
 public:
  Improvement(Direction direction, double min_delta)
      : direction_(direction),
        min_delta_(min_delta),
        best_(direction == Direction::kMin ? std::numeric_limits<double>::infinity()
                                           : -std::numeric_limits<double>::infinity()) {}

  bool update(double value) {
    const bool better =
        direction_ == Direction::kMin ? value < best_ * (1.0 - min_delta_) : value > best_ * (1.0 + min_delta_);
    if (better) best_ = value;
    return better;
  }

  double best() const { return best_; }
  /// Goes on from where another stood.
  void restore(double best) { best_ = best; }

 private:
  Direction direction_;
  double min_delta_;
  double best_;
};

}  // namespace fer
