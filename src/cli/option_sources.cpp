#include "cli/option_sources.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/recipe.h"

namespace fer {
namespace {

void refuse_two_batch_sizes(const po::parsed_options& source, const std::string& where) {
  require(!(names(source, "batch-size") && names(source, "global-batch-size")), ExitCode::kUsage,
          fmt::format("{} gives both --batch-size (per rank) and --global-batch-size; give one.", where));
}

/// Each way of giving the batch size replaces the other in weaker sources.
void drop_batch_sizes(po::parsed_options& weaker) {
  std::erase_if(weaker.options, [](const auto& option) {
    return option.string_key == "batch-size" || option.string_key == "global-batch-size";
  });
}

/// What a phase of a recipe may change: how the net is trained, not what it is nor what it learns from.
const std::vector<std::string> kPhaseKeys = {"epochs",
                                             "optimizer",
                                             "lr",
                                             "momentum",
                                             "weight-decay",
                                             "weight-decay-on",
                                             "loss",
                                             "label-smoothing",
                                             "clip-norm",
                                             "ema",
                                             "accumulate",
                                             "schedule",
                                             "warmup",
                                             "monitor",
                                             "lr-factor",
                                             "lr-patience",
                                             "early-stop-patience",
                                             "stop-at-accuracy",
                                             "min-delta",
                                             "freeze",
                                             "class-weights",
                                             "skip-non-finite"};

void check_phase_keys(const po::parsed_options& phase, const std::string& where) {
  for (const auto& option : phase.options)
    require(std::ranges::find(kPhaseKeys, option.string_key) != kPhaseKeys.end(), ExitCode::kUsage,
            fmt::format("{}: '{}' cannot change between phases; {} can.", where, option.string_key, join(kPhaseKeys)));
}

}  // namespace

OptionSources::OptionSources(const OptionTable& table, const po::parsed_options& command_line, std::size_t phase)
    : table_(table), phase_(phase) {
  add(command_line, "the command line");
  if (const auto config = text("config"); !config.empty()) add_file(config);
  add_file(find_recipe(text("recipe")));
  if (phase_ > 0) cap_epochs();
  settle_batch_size();
}

void OptionSources::add(const po::parsed_options& source, const std::string& where) {
  sources_.push_back(source);
  where_.push_back(where);
}

/// The first file that has phases tells them all.
void OptionSources::add_file(const std::filesystem::path& file) {
  const auto where = fmt::format("'{}'", file.string());
  const auto ini = table_.parse_ini(file);
  if (phases_ == 0 && !ini.phases.empty()) {
    phases_ = ini.phases.size();
    for (const auto& phase : ini.phases) check_phase_keys(phase, where);
    if (phase_ > 0) add(ini.phases.at(phase_ - 1), where);
  }
  add(ini.all, where);
}

/// Epochs on the command line shorten each phase, but lengthen none.
void OptionSources::cap_epochs() {
  auto& command_line = sources_.front().options;
  const auto epochs = std::ranges::find(command_line, "epochs", &po::option::string_key);
  if (epochs == command_line.end()) return;
  const auto most = merged()["epochs"].as<std::int64_t>();
  auto others = sources_;
  std::erase_if(others.front().options, [](const auto& option) { return option.string_key == "epochs"; });
  epochs->value = {std::to_string(std::min(most, table_.merge(others)["epochs"].as<std::int64_t>()))};
}

void OptionSources::settle_batch_size() {
  bool given = false;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    refuse_two_batch_sizes(sources_[i], where_[i]);
    if (given) drop_batch_sizes(sources_[i]);
    given = given || names(sources_[i], "batch-size") || names(sources_[i], "global-batch-size");
  }
}

}  // namespace fer
