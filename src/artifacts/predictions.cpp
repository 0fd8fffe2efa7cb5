#include "artifacts/predictions.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <iterator>

#include "base/atomic_file.h"

namespace fer {

void write_predictions(const std::filesystem::path& path, const Predictions& predictions) {
  const auto name_of = [&](std::int64_t label) { return predictions.classes.at(static_cast<std::size_t>(label)); };
  std::string text = "id,label";
  for (const auto& name : predictions.classes) text += ",p_" + name;
  text += predictions.truth.defined() ? ",truth\n" : "\n";

  const auto labels = predictions.probabilities.argmax(1);
  const auto probabilities = predictions.probabilities.accessor<double, 2>();
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    text += fmt::format("{},{}", predictions.ids[i].item<std::int64_t>(), name_of(labels[i].item<std::int64_t>()));
    for (std::int64_t c = 0; c < probabilities.size(1); ++c)
      fmt::format_to(std::back_inserter(text), ",{:.6f}", probabilities[i][c]);
    if (predictions.truth.defined()) text.append(",").append(name_of(predictions.truth[i].item<std::int64_t>()));
    text += '\n';
  }
  write_file_atomically(path, text);
}

void write_submission(const std::filesystem::path& path, const Predictions& predictions, const std::string& header) {
  const auto labels = predictions.probabilities.argmax(1);
  std::string text = (header.empty() ? "Id,Category" : header) + "\n";
  for (std::int64_t i = 0; i < labels.numel(); ++i)
    fmt::format_to(std::back_inserter(text), "{},{}\n", header.empty() ? i : predictions.ids[i].item<std::int64_t>(),
                   labels[i].item<std::int64_t>());
  write_file_atomically(path, text);
}

}  // namespace fer
