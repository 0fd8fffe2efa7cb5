#include "train/monitor.h"

#include "base/error.h"

namespace fer {

const std::vector<std::string>& Monitor::names() {
  static const std::vector<std::string> names = {"train_loss", "train_accuracy", "val_loss", "val_accuracy"};
  return names;
}

double Monitor::value(const EpochRecord& record) const {
  if (name == "train_loss") return record.train_loss;
  if (name == "train_accuracy") return record.train_accuracy;
  if (name == "val_loss") return record.val_loss;
  if (name == "val_accuracy") return record.val_accuracy;
  fail("unknown monitor '" + name + "'");
}

}  // namespace fer
