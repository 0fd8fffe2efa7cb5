#include "train/epoch_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fer {
namespace {

/// Of a rank's own time to the other ranks', from which on it is worth a line.
constexpr double kStraggles = 1.2;

/// Widths are those of the header's words; a diverging loss must not push the columns aside.
std::string loss_text(double loss) {
  return std::abs(loss) < 1000 ? fmt::format("{:.4f}", loss) : fmt::format("{:.2e}", loss);
}

std::string percent_text(double share) {
  return share < 0.99995 ? fmt::format("{:.2f}%", 100 * share) : "100.0%";
}

}  // namespace

EpochTable::EpochTable(std::int64_t epochs, bool validates)
    : epochs_(epochs),
      validates_(validates),
      epoch_width_(std::max(5, static_cast<int>(fmt::formatted_size("{0}/{0}", epochs)))) {}

std::string EpochTable::header() const {
  auto line = fmt::format("{:>{}}  train loss    acc", "epoch", epoch_width_);
  if (validates_) line += "  val loss    acc macro-F1";
  return line + "        lr  img/s     s";
}

std::string EpochTable::row(const EpochReport& report) const {
  const auto& record = report.record;
  auto line = fmt::format("{:>{}}  {:>10} {:>6}", fmt::format("{}/{}", record.epoch, epochs_), epoch_width_,
                          loss_text(record.train_loss), percent_text(record.train_accuracy));
  if (validates_)
    line += fmt::format("  {:>8} {:>6} {:>8}", loss_text(record.val_loss), percent_text(record.val_accuracy),
                        percent_text(record.val_macro_f1));
  line += fmt::format("  {:>8.3g} {:>6.0f} {:>5.{}f}", record.learning_rate, record.images_per_second, record.seconds,
                      record.seconds < 1000 ? 1 : 0);
  return validates_ && report.best ? line + " *" : line;
}

std::vector<std::string> epoch_notes(const EpochReport& report, const std::vector<std::string>& hosts) {
  const auto& record = report.record;
  std::vector<std::string> notes;
  if (record.slowest_ratio >= kStraggles)
    notes.push_back(fmt::format("  rank {} on {} took {:.1f} times as long as the others, which waited",
                                record.slowest_rank, hosts.at(static_cast<std::size_t>(record.slowest_rank)),
                                record.slowest_ratio));
  if (report.learning_rate_cut)
    notes.push_back(
        fmt::format("  learning rate cut from {:g} to {:g}", record.learning_rate, report.next_learning_rate));
  if (!report.stop_reason.empty())
    notes.push_back(fmt::format("  stopping early: {}", report.stop_reason));
  else if (report.patience > 0 && report.epochs_without_improvement > 0)
    notes.push_back(fmt::format("  no better {} for {} of {} epochs", report.monitor, report.epochs_without_improvement,
                                report.patience));
  return notes;
}

}  // namespace fer
