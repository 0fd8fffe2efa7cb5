#include "artifacts/history.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "base/atomic_file.h"
#include "base/text.h"

namespace fer {
namespace {

std::string cell(double value) {
  return std::isnan(value) ? "" : fmt::format("{:.9g}", value);
}

}  // namespace

History::History(std::filesystem::path path)
    : path_(std::move(path)),
      text_(
          "epoch,step,lr,train_loss,train_accuracy,val_loss,val_accuracy,val_macro_f1,images_per_second,seconds,"
          "compute_seconds,communication_seconds,data_seconds,other_seconds,slowest_rank,slowest_ratio\n") {}

History::History(std::filesystem::path path, std::int64_t last_epoch) : History(std::move(path)) {
  if (!path_exists(path_)) return;
  const auto lines = split_text(read_file(path_), '\n');
  if (lines.empty() || lines.front() + "\n" != text_) return;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (!lines[i].empty() && std::atoll(lines[i].c_str()) <= last_epoch) text_ += lines[i] + "\n";
}

void History::append(const EpochRecord& record) {
  text_ += fmt::format("{},{},{},{},{},{},{},{},{:.1f},{:.3f},", record.epoch, record.step, cell(record.learning_rate),
                       cell(record.train_loss), cell(record.train_accuracy), cell(record.val_loss),
                       cell(record.val_accuracy), cell(record.val_macro_f1), record.images_per_second, record.seconds);
  text_ +=
      fmt::format("{:.3f},{:.3f},{:.3f},{:.3f},{},{}\n", record.compute_seconds, record.communication_seconds,
                  record.data_seconds, record.other_seconds, cell(record.slowest_rank), cell(record.slowest_ratio));
  write_file_atomically(path_, text_);
}

}  // namespace fer
