#include "train/run_events.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

/// Those of a run's options by which people sort runs.
constexpr std::array<std::string_view, 20> kHyperParameters = {
    "recipe",        "model",           "head",    "dropout",  "seed",      "epochs", "global-batch-size",
    "batch-size",    "optimizer",       "lr",      "momentum", "schedule",  "warmup", "weight-decay",
    "class-weights", "label-smoothing", "augment", "ema",      "precision", "loss"};

/// A number where the whole text is one.
HyperParameter hyper_parameter(const std::string& name, const std::string& text) {
  double number = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status == std::errc() && stop == text.data() + text.size()) return {name, number};
  return {name, text};
}

std::vector<HyperParameter> hyper_parameters(const std::string& config_ini) {
  std::vector<HyperParameter> parameters;
  for (const auto& line : split_text(config_ini, '\n')) {
    if (line.starts_with('[')) break;  // what a phase of training changes
    const auto equals = line.find(" = ");
    if (equals == std::string::npos || equals + 3 == line.size()) continue;
    const auto name = line.substr(0, equals);
    if (std::ranges::find(kHyperParameters, name) != kHyperParameters.end())
      parameters.push_back(hyper_parameter(name, line.substr(equals + 3)));
  }
  return parameters;
}

}  // namespace

RunEvents::RunEvents(const std::filesystem::path& folder, std::int64_t first_step, const std::string& config_ini)
    : file_(folder, first_step), step_(first_step - 1) {
  add_run_start(hyper_parameters(config_ini), file_);
  flush();
}

void RunEvents::show_faces(const torch::Tensor& images) {
  add_first_faces(contact_sheet(images), step_ + 1, file_);
}

EpochEvents RunEvents::events_of(const EpochReport& report, const Trainer& trainer) {
  EpochEvents epoch{report.record, report.validation, {}};
  if (weights_are_due(report.record.epoch, report.last)) epoch.weights = weight_histograms(trainer.net());
  return epoch;
}

void RunEvents::write(const EpochEvents& epoch) {
  step_ = epoch.record.step;
  add_epoch(epoch, file_);
  flush();
}

void RunEvents::fail() {
  file_.add_run_end(/*succeeded=*/false);
  flush();
}

void RunEvents::finish(const FinalFigures& best, const FinalFigures& test) {
  add_run_end(step_, best, test, file_);
  flush();
}

void RunEvents::flush() {
  try {
    file_.flush();
    refused_ = false;
  } catch (const Error& error) {
    if (!refused_) spdlog::warn("{} The run goes on without.", error.what());
    refused_ = true;
  }
}

}  // namespace fer
