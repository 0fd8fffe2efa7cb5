#include "data/import/triples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/atomic_file.h"
#include "base/error.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

std::int64_t side_of_square(const CsvLines& data) {
  const auto values = count_values(data.line(0));
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(values))));
  require(side * side == values, ExitCode::kBadInput,
          fmt::format("'{}' line 1 has {} values, which is no square picture (48x48 has 2304).", data.path().string(),
                      values));
  return side;
}

}  // namespace

bool Triples::recognises(const fs::path& folder) {
  return path_exists(folder / "train_data.csv") || path_exists(folder / "train_target.csv");
}

Triples::Triples(const fs::path& folder, std::vector<std::string> classes) : classes_(std::move(classes)) {
  for (const char* file : {"train_data.csv", "train_target.csv"})
    require(path_exists(folder / file), ExitCode::kBadInput, fmt::format("'{}' has no {}.", folder.string(), file));
  add_part(folder, "train");
  if (path_exists(folder / "test_data.csv")) add_part(folder, "test");
}

void Triples::add_part(const fs::path& folder, const std::string& split) {
  Part part;
  part.data = std::make_unique<CsvLines>(folder / (split + "_data.csv"));
  if (side_ == 0) side_ = side_of_square(*part.data);
  const auto target = folder / (split + "_target.csv");
  const bool labelled = path_exists(target);
  if (labelled) part.labels = read_labels(target, *part.data);
  if (classes_.empty()) {
    const int largest = *std::ranges::max_element(part.labels);
    for (int label = 0; label <= largest; ++label) classes_.push_back(std::to_string(label));
  }
  splits_.push_back({split, part.data->size(), labelled});
  parts_.push_back(std::move(part));
}

std::vector<std::uint8_t> Triples::read_labels(const fs::path& path, const CsvLines& data) const {
  const CsvLines lines(path);
  require(lines.size() == data.size(), ExitCode::kBadInput,
          fmt::format("'{}' has {} rows, but '{}' has {}: each picture needs one label.", data.path().string(),
                      data.size(), path.string(), lines.size()));
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(lines.size()));
  for (std::int64_t row = 0; row < lines.size(); ++row) {
    auto& label = labels[static_cast<std::size_t>(row)];
    parse_bytes(lines, row, {&label, 1});
    require(classes_.empty() || label < classes_.size(), ExitCode::kBadInput,
            fmt::format("'{}' line {}: label {} is out of range: there are {} classes, numbered from 0.", path.string(),
                        row + 1, label, classes_.size()));
  }
  return labels;
}

void Triples::read(std::size_t split, std::int64_t row, Sample& sample) const {
  const Part& part = parts_.at(split);
  sample.pixels.resize(static_cast<std::size_t>(side_ * side_));
  parse_bytes(*part.data, row, sample.pixels);
  sample.label.reset();
  if (!part.labels.empty()) sample.label = part.labels[static_cast<std::size_t>(row)];
  sample.id = row;
}

}  // namespace fer
