#include "artifacts/predictions.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/atomic_file.h"
#include "base/csv_text.h"
#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

constexpr std::size_t kFirstClass = 2;  // behind id and label

struct Columns {
  std::vector<std::string> classes;
  bool has_truth = false;
};

Columns columns_of(const CsvFile& file) {
  const auto& header = file.header();
  Columns columns;
  columns.has_truth = header.back() == "truth";
  const auto end = header.size() - (columns.has_truth ? 1 : 0);
  bool fits = end > kFirstClass && header[0] == "id" && header[1] == "label";
  for (std::size_t i = kFirstClass; i < end && fits; ++i) {
    fits = header[i].starts_with("p_");
    if (fits) columns.classes.push_back(header[i].substr(2));
  }
  if (!fits) file.refuse("the columns of predictions are id, label, a p_<class> for each class, and truth or nothing");
  return columns;
}

std::int64_t label_named(const std::string& name, const std::vector<std::string>& classes, const CsvFile& file) {
  const auto found = std::ranges::find(classes, name);
  if (found == classes.end()) file.refuse(fmt::format("'{}' is none of the classes {}", excerpt(name), join(classes)));
  return found - classes.begin();
}

/// Appends a row's probabilities.
void read_probabilities(const CsvFile& file, const std::vector<std::string>& classes, std::vector<double>& values) {
  const auto label = static_cast<std::size_t>(label_named(file.field(1), classes, file));
  const auto begin = values.size();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    values.push_back(file.number(kFirstClass + c));
    if (!(values.back() >= 0 && values.back() <= 1))
      file.refuse(fmt::format("a probability is {}, but must be from 0 to 1", values.back()));
  }
  const auto row = values.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto largest = std::max_element(row, values.end());
  auto& own = values[begin + label];
  if (own < *largest)
    file.refuse(fmt::format("the label is '{}', but '{}' is more probable", classes[label],
                            classes[static_cast<std::size_t>(largest - row)]));
  if (&own != &*largest) own = std::nextafter(own, 2.0);
}

torch::Tensor to_tensor(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

std::vector<std::int64_t> to_vector(const torch::Tensor& values) {
  const auto host = values.to(torch::kCPU, torch::kInt64).contiguous();
  return {host.const_data_ptr<std::int64_t>(), host.const_data_ptr<std::int64_t>() + host.numel()};
}

}  // namespace

void write_predictions(const std::filesystem::path& path, const Predictions& predictions) {
  std::vector<std::string> names;
  for (const auto& name : predictions.classes) names.push_back(csv_field(name));
  const auto name_of = [&](std::int64_t label) { return names.at(static_cast<std::size_t>(label)); };
  std::string text = "id,label";
  for (const auto& name : predictions.classes) text.append(",").append(csv_field("p_" + name));
  text += predictions.truth.defined() ? ",truth\n" : "\n";

  const auto ids = to_vector(predictions.ids), labels = to_vector(predictions.probabilities.argmax(1));
  const auto truth = predictions.truth.defined() ? to_vector(predictions.truth) : std::vector<std::int64_t>();
  const auto probabilities = predictions.probabilities.accessor<double, 2>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += fmt::format("{},{}", ids[i], name_of(labels[i]));
    for (std::int64_t c = 0; c < probabilities.size(1); ++c)
      fmt::format_to(std::back_inserter(text), ",{:.6f}", probabilities[static_cast<std::int64_t>(i)][c]);
    if (!truth.empty()) text.append(",").append(name_of(truth[i]));
    text += '\n';
  }
  write_file_atomically(path, text);
}

Predictions read_predictions(const std::filesystem::path& path) {
  CsvFile file(path);
  const auto [classes, has_truth] = columns_of(file);
  std::vector<std::int64_t> ids, truth;
  std::vector<double> probabilities;
  while (file.next()) {
    ids.push_back(file.integer(0));
    read_probabilities(file, classes, probabilities);
    if (has_truth) truth.push_back(label_named(file.field(kFirstClass + classes.size()), classes, file));
  }
  return {classes, to_tensor(ids),
          torch::tensor(probabilities, torch::kFloat64).view({std::ssize(ids), std::ssize(classes)}),
          has_truth ? to_tensor(truth) : torch::Tensor()};
}

void write_submission(const std::filesystem::path& path, const Predictions& predictions, const std::string& header) {
  const auto labels = to_vector(predictions.probabilities.argmax(1));
  const auto ids = header.empty() ? std::vector<std::int64_t>() : to_vector(predictions.ids);
  std::string text = (header.empty() ? "Id,Category" : header) + "\n";
  for (std::size_t i = 0; i < labels.size(); ++i)
    fmt::format_to(std::back_inserter(text), "{},{}\n", header.empty() ? static_cast<std::int64_t>(i) : ids[i],
                   labels[i]);
  write_file_atomically(path, text);
}

std::string header_of_sample(const std::filesystem::path& sample, const torch::Tensor& ids) {
  CsvFile file(sample);
  std::vector<std::string> expected, own;
  while (file.next()) expected.push_back(file.field(0));
  for (const auto id : to_vector(ids)) own.push_back(fmt::format("{}", id));
  const auto first = static_cast<std::size_t>(std::ranges::mismatch(expected, own).in1 - expected.begin());
  const auto shown = [first](const std::vector<std::string>& list) {
    return first < list.size() ? fmt::format("id {}", excerpt(list[first])) : std::string("no row");
  };
  require(
      expected == own, ExitCode::kBadInput,
      fmt::format(
          "'{}' has {} rows and the submission would have {}; the first that differs is row {}: {} there, "
          "{} here. Name the --split that the sample is about, or import the dataset again together with this file.",
          sample.string(), expected.size(), own.size(), first + 1, shown(expected), shown(own)));
  std::vector<std::string> header;
  for (const auto& name : file.header()) header.push_back(csv_field(name));
  return join(header, ",");
}

}  // namespace fer
