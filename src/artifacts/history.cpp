#include "artifacts/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "base/atomic_file.h"
#include "base/csv_text.h"
#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

/// A quantity of an epoch, behind `epoch` and `step`, and how many decimals it has; -1: nine digits.
struct Column {
  const char* name;
  double EpochRecord::*quantity;
  int decimals = -1;
};

constexpr Column kColumns[] = {{"lr", &EpochRecord::learning_rate},
                               {"train_loss", &EpochRecord::train_loss},
                               {"train_accuracy", &EpochRecord::train_accuracy},
                               {"val_loss", &EpochRecord::val_loss},
                               {"val_accuracy", &EpochRecord::val_accuracy},
                               {"val_macro_f1", &EpochRecord::val_macro_f1},
                               {"images_per_second", &EpochRecord::images_per_second, 1},
                               {"seconds", &EpochRecord::seconds, 3},
                               {"compute_seconds", &EpochRecord::compute_seconds, 3},
                               {"communication_seconds", &EpochRecord::communication_seconds, 3},
                               {"data_seconds", &EpochRecord::data_seconds, 3},
                               {"other_seconds", &EpochRecord::other_seconds, 3},
                               {"slowest_rank", &EpochRecord::slowest_rank},
                               {"slowest_ratio", &EpochRecord::slowest_ratio}};

std::string cell(double value, int decimals) {
  if (std::isnan(value)) return "";
  return decimals < 0 ? fmt::format("{:.9g}", value) : fmt::format("{:.{}f}", value, decimals);
}

std::string header_line() {
  std::string text = "epoch,step";
  for (const auto& column : kColumns) text.append(",").append(column.name);
  return text + "\n";
}

std::size_t column_named(const std::vector<std::string>& header, const std::string& name,
                         const std::filesystem::path& path) {
  const auto found = std::ranges::find(header, name);
  require(found != header.end(), ExitCode::kBadInput,
          fmt::format("'{}' line 1: no column is named {}, so this is no history of a run.", path.string(), name));
  return static_cast<std::size_t>(found - header.begin());
}

/// What is in the file, and where in a row.
std::vector<std::pair<const Column*, std::size_t>> quantities_in(const std::vector<std::string>& header) {
  std::vector<std::pair<const Column*, std::size_t>> found;
  for (const auto& column : kColumns)
    if (const auto place = std::ranges::find(header, column.name); place != header.end())
      found.emplace_back(&column, place - header.begin());
  return found;
}

EpochRecord nothing_known() {
  EpochRecord record;
  for (const auto& column : kColumns) record.*column.quantity = EpochRecord::kUnknown;
  return record;
}

}  // namespace

History::History(std::filesystem::path path) : path_(std::move(path)), text_(header_line()) {}

History::History(std::filesystem::path path, std::int64_t last_epoch) : History(std::move(path)) {
  if (!path_exists(path_)) return;
  const auto lines = split_text(read_file(path_), '\n');
  if (lines.empty() || lines.front() + "\n" != text_) return;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (!lines[i].empty() && std::atoll(lines[i].c_str()) <= last_epoch) text_ += lines[i] + "\n";
}

void History::append(const EpochRecord& record) {
  fmt::format_to(std::back_inserter(text_), "{},{}", record.epoch, record.step);
  for (const auto& column : kColumns) text_.append(",").append(cell(record.*column.quantity, column.decimals));
  text_ += "\n";
  is_written_ = false;
  write();
}

void History::write() {
  if (is_written_) return;
  write_file_atomically(path_, text_);
  is_written_ = true;
}

std::vector<EpochRecord> read_history(const std::filesystem::path& path) {
  CsvFile file(path);
  const auto epoch = column_named(file.header(), "epoch", path), step = column_named(file.header(), "step", path);
  const auto quantities = quantities_in(file.header());
  std::vector<EpochRecord> records;
  while (file.next()) {
    auto& record = records.emplace_back(nothing_known());
    record.epoch = file.integer(epoch);
    record.step = file.integer(step);
    for (const auto& [column, place] : quantities) {
      if (file.field(place).empty()) continue;
      const double value = file.number(place);
      if (std::isfinite(value)) record.*column->quantity = value;
    }
  }
  return records;
}

}  // namespace fer
