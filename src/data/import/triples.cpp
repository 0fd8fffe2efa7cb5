#include "data/import/triples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/atomic_file.h"
#include "base/error.h"
#include "data/import/pixel_text.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// Rows cannot be left out: the two files of a split belong together line by line.
void require_none_bad(const TextFile& file, const std::vector<BadLine>& bad) {
  if (!bad.empty())
    fail(ExitCode::kBadInput, fmt::format("'{}' line {}: {}.", file.path().string(), bad[0].number, bad[0].what));
}

std::int64_t side_of_square(const TextFile& data, TextSpan first_row) {
  std::string buffer;
  const auto values = count_pixels(data.read(first_row, buffer), ',');
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(values))));
  require(values > 0 && side * side == values, ExitCode::kBadInput,
          fmt::format("'{}' line 1 has {} pixels, which is no square picture (48x48 has 2304).", data.path().string(),
                      values));
  return side;
}

}  // namespace

bool Triples::recognises(const fs::path& folder) {
  return path_exists(folder / "train_data.csv") || path_exists(folder / "train_target.csv");
}

Triples::Triples(const fs::path& folder, std::vector<std::string> classes, int threads) : classes_(std::move(classes)) {
  for (const char* file : {"train_data.csv", "train_target.csv"})
    require(path_exists(folder / file), ExitCode::kBadInput, fmt::format("'{}' has no {}.", folder.string(), file));
  add_part(folder, "train", threads);
  if (path_exists(folder / "test_data.csv")) add_part(folder, "test", threads);
}

void Triples::add_part(const fs::path& folder, const std::string& split, int threads) {
  Part part;
  part.data = std::make_unique<TextFile>(folder / (split + "_data.csv"));
  std::vector<BadLine> bad;
  part.rows = scan_rows<Row>(*part.data, threads, bad, [](TextSpan span, std::string_view line) {
    return Row{0, {span.offset, static_cast<std::int64_t>(line.size())}};
  });
  if (side_ == 0) side_ = side_of_square(*part.data, part.rows.at(0).text);
  const auto target = folder / (split + "_target.csv");
  const bool labelled = path_exists(target);
  if (labelled) part.labels = read_labels(target, part, threads);
  if (classes_.empty()) {
    const int largest = *std::ranges::max_element(part.labels);
    for (int label = 0; label <= largest; ++label) classes_.push_back(std::to_string(label));
  }
  splits_.push_back({split, static_cast<std::int64_t>(part.rows.size()), labelled});
  parts_.push_back(std::move(part));
}

std::vector<std::uint8_t> Triples::read_labels(const fs::path& path, const Part& part, int threads) const {
  struct Label {
    std::int64_t line = 0;
    std::uint8_t value = 0;
  };
  const TextFile file(path);
  std::vector<BadLine> bad;
  const auto lines = scan_rows<Label>(file, threads, bad, [&](TextSpan, std::string_view line) {
    Label label;
    parse_pixels(line, ',', {&label.value, 1});
    if (!classes_.empty() && label.value >= classes_.size())
      throw LineFault{
          fmt::format("label {} is out of range: there are {} classes, numbered from 0", label.value, classes_.size())};
    return label;
  });
  require_none_bad(file, bad);
  require(lines.size() == part.rows.size(), ExitCode::kBadInput,
          fmt::format("'{}' has {} rows, but '{}' has {}: each picture needs one label.", part.data->path().string(),
                      part.rows.size(), path.string(), lines.size()));
  std::vector<std::uint8_t> labels;
  for (const Label& label : lines) labels.push_back(label.value);
  return labels;
}

void Triples::read(std::size_t split, std::int64_t row, Sample& sample) const {
  const Part& part = parts_.at(split);
  const Row& place = part.rows.at(static_cast<std::size_t>(row));
  thread_local std::string buffer;
  sample.pixels.resize(static_cast<std::size_t>(side_ * side_));
  try {
    parse_pixels(part.data->read(place.text, buffer), ',', sample.pixels);
  } catch (const LineFault& fault) {
    fail(ExitCode::kBadInput, fmt::format("'{}' line {}: {}.", part.data->path().string(), place.line, fault.what));
  }
  sample.label.reset();
  if (!part.labels.empty()) sample.label = part.labels[static_cast<std::size_t>(row)];
  sample.id = row;
}

}  // namespace fer
