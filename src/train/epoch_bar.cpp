#include "train/epoch_bar.h"

#include <fmt/format.h>

namespace fer {
namespace {

// Between those of ProgressBar.
constexpr int kLossWeight = 80, kAccuracyWeight = 60, kImagesWeight = 50, kLearningRateWeight = 40;

}  // namespace

std::vector<LinePiece> pieces_of(double images_per_second, const MetricSums& so_far, double learning_rate) {
  std::vector<LinePiece> pieces;
  if (images_per_second > 0) pieces.push_back({fmt::format("{:.0f}img/s", images_per_second), kImagesWeight});
  if (so_far.samples > 0) {
    pieces.push_back({fmt::format("loss {:.3f}", so_far.loss()), kLossWeight});
    pieces.push_back({fmt::format("acc {:.1f}%", 100 * so_far.accuracy()), kAccuracyWeight});
  }
  pieces.push_back({fmt::format("lr {:.2g}", learning_rate), kLearningRateWeight});
  return pieces;
}

EpochBar::EpochBar(const EpochStart& start, std::int64_t epochs, double epoch_seconds, bool visible)
    : start_(start),
      epochs_(epochs),
      epoch_seconds_(epoch_seconds),
      bar_(fmt::format("Epoch {}/{}", start.epoch, epochs), start.steps, "it", visible, start.first_step) {}

double EpochBar::seconds_of_further_epochs(const Pace& pace) const {
  if (pace.per_second == 0) return 0;
  const double one = epoch_seconds_ > 0 ? epoch_seconds_ : static_cast<double>(start_.steps) / pace.per_second;
  return static_cast<double>(epochs_ - start_.epoch) * one;
}

void EpochBar::show(std::int64_t step, const MetricMeter& so_far) {
  if (!bar_.due()) return;
  const auto sums = so_far.sums();
  const auto pace = bar_.pace(step);
  const double images_per_step = static_cast<double>(start_.samples) / static_cast<double>(start_.steps);
  bar_.show(step, pieces_of(pace.per_second * images_per_step, sums, start_.learning_rate_at(step - 1)),
            seconds_of_further_epochs(pace));
}

}  // namespace fer
