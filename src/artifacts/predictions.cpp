#include "artifacts/predictions.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

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

/// Where each number stands, by its digits.
std::map<std::string, std::int64_t> numbers_in(const std::vector<std::int64_t>& list) {
  std::map<std::string, std::int64_t> places;
  for (std::size_t i = 0; i < list.size(); ++i) places.emplace(std::to_string(list[i]), static_cast<std::int64_t>(i));
  return places;
}

/// Why the ids of a sample submission are not these; empty if they are.
std::string complaint_of(const std::vector<std::string>& wanted, const std::map<std::string, std::int64_t>& known) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!known.contains(wanted[i]))
      return fmt::format("its row {} has id {}, which is not among the samples answered", i + 1, excerpt(wanted[i]));
    if (!seen.insert(wanted[i]).second)
      return fmt::format("its row {} has id {}, as an earlier one", i + 1, excerpt(wanted[i]));
  }
  for (const auto& [id, place] : known)
    if (!seen.contains(id)) return fmt::format("it lacks id {}", id);
  return {};
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

SubmissionForm read_sample_submission(const std::filesystem::path& sample, const torch::Tensor& ids) {
  CsvFile file(sample);
  file.require_submission_columns();
  std::vector<std::string> wanted;
  while (file.next()) wanted.push_back(file.field(0));
  const auto own = numbers_in(to_vector(ids)), counted = numbers_in(to_vector(torch::arange(ids.numel())));
  const auto complaint = std::ssize(own) < ids.numel() ? "the split has an id twice" : complaint_of(wanted, own);
  const bool by_id = complaint.empty();
  require(by_id || complaint_of(wanted, counted).empty(), ExitCode::kBadInput,
          fmt::format("'{}' has {} rows and the submission would have {}; {}. Name the --dataset and the --split that "
                      "the sample is about, and a net that knows all its classes.",
                      sample.string(), wanted.size(), ids.numel(), complaint));
  std::vector<std::string> header;
  for (const auto& name : file.header()) header.push_back(csv_field(name));
  SubmissionForm form{join(header, ","), {}, {}};
  std::vector<std::int64_t> rows;
  for (const auto& id : wanted) rows.push_back((by_id ? own : counted).at(id));
  form.rows = to_tensor(rows);
  form.ids = by_id ? ids.index_select(0, form.rows) : form.rows;
  return form;
}

}  // namespace fer
