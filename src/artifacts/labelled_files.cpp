#include "artifacts/labelled_files.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/csv_text.h"
#include "base/json_text.h"

namespace fer {
namespace {

/// What is said about one file.
struct Row {
  std::string file;
  std::string label;
  std::vector<double> probabilities;
};

std::vector<Row> rows_of(const LabelledFiles& labelled) {
  std::vector<Row> rows;
  const auto values = labelled.probabilities.contiguous();
  const auto classes = values.size(1);
  for (std::int64_t i = 0; i < values.size(0); ++i) {
    const double* first = values.const_data_ptr<double>() + i * classes;
    const auto best = static_cast<std::size_t>(std::max_element(first, first + classes) - first);
    rows.push_back({labelled.files.at(static_cast<std::size_t>(i)).string(), labelled.classes.at(best),
                    std::vector<double>(first, first + classes)});
  }
  return rows;
}

std::size_t longest(const std::vector<Row>& rows, const std::string& caption, std::string Row::*text) {
  std::size_t length = caption.size();
  for (const auto& row : rows) length = std::max(length, (row.*text).size());
  return length;
}

}  // namespace

std::string as_table(const LabelledFiles& labelled) {
  const auto rows = rows_of(labelled);
  const auto files = longest(rows, "file", &Row::file), labels = longest(rows, "label", &Row::label);
  constexpr std::size_t kNumber = 5;  // "100.0"
  std::string text = fmt::format("{:<{}}  {:<{}}", "file", files, "label", labels);
  for (const auto& name : labelled.classes) text += fmt::format("  {:>{}}", name, std::max(kNumber, name.size()));
  text += "  (%)\n";
  for (const auto& row : rows) {
    text += fmt::format("{:<{}}  {:<{}}", row.file, files, row.label, labels);
    for (std::size_t c = 0; c < row.probabilities.size(); ++c)
      text += fmt::format("  {:>{}.1f}", 100 * row.probabilities[c], std::max(kNumber, labelled.classes[c].size()));
    text += '\n';
  }
  return text;
}

std::string as_csv(const LabelledFiles& labelled) {
  std::string text = "file,label";
  for (const auto& name : labelled.classes) text.append(",").append(csv_field("p_" + name));
  text += '\n';
  for (const auto& row : rows_of(labelled)) {
    text.append(csv_field(row.file)).append(",").append(csv_field(row.label));
    for (const double probability : row.probabilities) fmt::format_to(std::back_inserter(text), ",{:.6f}", probability);
    text += '\n';
  }
  return text;
}

std::string as_json(const LabelledFiles& labelled) {
  auto list = nlohmann::ordered_json::array();  // of classes in label order
  for (const auto& row : rows_of(labelled)) {
    auto probabilities = nlohmann::ordered_json::object();
    for (std::size_t c = 0; c < row.probabilities.size(); ++c)
      probabilities[labelled.classes[c]] = row.probabilities[c];
    list.push_back({{"file", row.file}, {"label", row.label}, {"probabilities", probabilities}});
  }
  // A file's name may be no UTF-8: what is not is shown as the mark for that.
  return json_text(list, /*indent=*/2) + "\n";
}

}  // namespace fer
