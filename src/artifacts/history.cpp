#include "artifacts/history.h"

#include <fmt/format.h>

#include <cmath>

#include "base/atomic_file.h"

namespace fer {
namespace {

std::string cell(double value) {
  return std::isnan(value) ? "" : fmt::format("{:.9g}", value);
}

}  // namespace

History::History(std::filesystem::path path)
    : path_(std::move(path)),
      text_("epoch,step,lr,train_loss,train_accuracy,val_loss,val_accuracy,val_macro_f1,images_per_second,seconds\n") {}

void History::append(const EpochRecord& record) {
  text_ += fmt::format("{},{},{},{},{},{},{},{},{:.1f},{:.3f}\n", record.epoch, record.step, cell(record.learning_rate),
                       cell(record.train_loss), cell(record.train_accuracy), cell(record.val_loss),
                       cell(record.val_accuracy), cell(record.val_macro_f1), record.images_per_second, record.seconds);
  write_file_atomically(path_, text_);
}

}  // namespace fer
