#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace fer {

/// One epoch of a run; a quantity that was not measured is NaN and stays empty in the file.
struct EpochRecord {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  std::int64_t epoch = 0;
  std::int64_t step = 0;  // optimizer updates since the start
  double learning_rate = 0;
  double train_loss = kUnknown;
  double train_accuracy = kUnknown;
  double val_loss = kUnknown;
  double val_accuracy = kUnknown;
  double val_macro_f1 = kUnknown;
  double images_per_second = 0;  // of training, over all ranks
  double seconds = 0;            // of the whole epoch
  // Of the seconds of training, means over the ranks.
  double compute_seconds = 0;
  double communication_seconds = 0;  // that computing did not hide
  double data_seconds = 0;
  double other_seconds = 0;
  // The rank for which the others waited, and its own time over the median of theirs.
  double slowest_rank = kUnknown;
  double slowest_ratio = kUnknown;
};

/// history.csv: a header and one row per epoch, rewritten whole so that it never ends in half a row.
class History {
 public:
  explicit History(std::filesystem::path path);
  /// Goes on with the file that is there, behind the row of `last_epoch`. Rows of other columns are left out.
  History(std::filesystem::path path, std::int64_t last_epoch);
  /// @throws Error (kIo).
  void append(const EpochRecord& record);
  /// Writes rows for which there was no room when they were appended. @throws Error (kIo).
  void write();

 private:
  std::filesystem::path path_;
  std::string text_;
  bool is_written_ = true;
};

/// Reads a history.csv back. Columns are found by their names in the header and others are passed over; a quantity
/// without a column, or whose place in a row is empty or holds no finite number, is NaN.
/// @throws Error (kBadInput) naming file and line if it cannot be read or has no column `epoch` or `step`.
std::vector<EpochRecord> read_history(const std::filesystem::path& path);

}  // namespace fer
