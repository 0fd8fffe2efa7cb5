#include "train/run_report.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>

#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "comm/agreement.h"
#include "data/batch_maker.h"
#include "data/render.h"
#include "train/ensemble.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// A value of run.json for a reader; empty if it is not there.
std::string text_of(const nlohmann::json& record, const std::string& key) {
  const auto found = record.find(key);
  if (found == record.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

/// Facts that are there, under names for a reader.
FactGroup facts_of(const nlohmann::json& record, const std::string& title,
                   const std::vector<std::pair<std::string, std::string>>& keys) {
  FactGroup group{title, {}};
  for (const auto& [key, name] : keys)
    if (auto text = text_of(record, key); !text.empty()) group.facts.push_back({name, std::move(text)});
  return group;
}

/// Where ranks ran, those of one host in a line.
FactGroup hosts_of(const nlohmann::json& record) {
  std::vector<std::pair<std::string, std::vector<std::string>>> hosts;
  for (const auto& rank : record.value("ranks", nlohmann::json::array())) {
    const auto host = text_of(rank, "host");
    if (hosts.empty() || hosts.back().first != host) hosts.push_back({host, {}});
    hosts.back().second.push_back(fmt::format("rank {} ({})", text_of(rank, "rank"), text_of(rank, "device")));
  }
  FactGroup group{"Hosts", {}};
  for (const auto& [host, ranks] : hosts) group.facts.push_back({host, join(ranks)});
  return group;
}

std::vector<RankSeconds> rank_seconds_of(const nlohmann::json& record) {
  std::vector<RankSeconds> all;
  for (const auto& rank : record.value("rank_seconds", nlohmann::json::array())) {
    const auto number = all.size();
    std::string host;
    if (const auto ranks = record.find("ranks"); ranks != record.end() && number < ranks->size())
      host = text_of((*ranks)[number], "host");
    all.push_back({static_cast<int>(number), host, rank.at("compute").get<double>(),
                   rank.at("communication").get<double>(), rank.at("data").get<double>(),
                   rank.at("other").get<double>()});
  }
  return all;
}

double seconds_of(const std::vector<EpochRecord>& history) {
  double seconds = 0;
  for (const auto& epoch : history) seconds += epoch.seconds;
  return seconds;
}

/// Some of a dataset's findings, as one line.
Fact finding(const std::string& name, std::size_t count, const std::string& what) {
  return {name, count == 0 ? "none" : fmt::format("{} {}", count, what)};
}

std::size_t pictures_in(const std::vector<std::vector<SampleRef>>& groups) {
  std::size_t pictures = 0;
  for (const auto& group : groups) pictures += group.size();
  return pictures;
}

GrayPicture bytes_of(const torch::Tensor& picture) {
  const auto bytes = picture.contiguous();
  const auto* first = bytes.const_data_ptr<std::uint8_t>();
  return {first, first + bytes.numel()};
}

/// The first of each class; without labels the first of all.
std::vector<std::int64_t> one_of_each_class(const Split& split, std::size_t classes) {
  std::vector<std::int64_t> samples;
  for (std::int64_t c = 0; c < static_cast<std::int64_t>(classes); ++c) {
    const auto found = split.labelled() ? split.labels.eq(c).nonzero() : torch::arange(split.size()).slice(0, c, c + 1);
    if (found.size(0) > 0) samples.push_back(found.flatten()[0].item<std::int64_t>());
  }
  return samples;
}

/// The value of a key of config.ini; empty if it is not there.
std::string config_value(const std::string& config, const std::string& key) {
  for (const auto& line : split_text(config, '\n'))
    if (line.starts_with(key + " = ")) return line.substr(key.size() + 3);
  return {};
}

}  // namespace

fs::path run_folder_of(const fs::path& checkpoint) {
  const auto folder = fs::absolute(checkpoint).lexically_normal().parent_path().parent_path();
  return path_exists(folder / kRunRecordFile) ? folder : fs::path();
}

Report report_of_run(const fs::path& folder) {
  const auto record = read_run_record(folder);
  Report report;
  report.title = fmt::format("{} on {}", text_of(record, "model"),
                             record.contains("dataset") ? text_of(record["dataset"], "name") : "unknown data");
  report.subtitle =
      fmt::format("Run '{}', {}: {}", folder_name(folder), text_of(record, "state"), text_of(record, "why"));
  if (const auto history = folder / "history.csv"; path_exists(history)) report.history = read_history(history);
  if (const auto best = record.find("best"); best != record.end() && best->contains("epoch"))
    report.best_epoch = (*best)["epoch"].get<std::int64_t>();
  if (!report.history.empty()) {
    report.headline.push_back({"Epochs", fmt::format("{}", report.history.back().epoch)});
    report.headline.push_back({"Time of training", clock_text(seconds_of(report.history))});
  }
  report.ranks = rank_seconds_of(record);
  report.facts.push_back(facts_of(record, "Run",
                                  {{"started", "started"},
                                   {"ended", "ended"},
                                   {"recipe", "recipe"},
                                   {"seed", "seed"},
                                   {"samples", "training samples"},
                                   {"global_batch_size", "global batch"},
                                   {"world_size", "ranks"},
                                   {"threads", "threads of a rank"},
                                   {"backend", "gradients by"},
                                   {"skipped_steps", "steps left out"},
                                   {"lost_log_lines", "lines of logs lost"}}));
  report.facts.push_back(hosts_of(record));
  if (record.contains("build"))
    report.facts.push_back(facts_of(record["build"], "Build",
                                    {{"version", "version"},
                                     {"commit", "commit"},
                                     {"libtorch", "LibTorch"},
                                     {"cuda", "CUDA"},
                                     {"nccl", "NCCL"},
                                     {"mpi", "MPI"},
                                     {"hdf5", "HDF5"},
                                     {"compiler", "compiler"}}));
  if (const auto config = folder / "config.ini"; path_exists(config)) report.config = read_file(config);
  report.augmentation = config_value(report.config, "augment");
  return report;
}

void describe_dataset(Report& report, const Manifest& manifest, const std::vector<std::string>& classes) {
  report.classes = classes;
  FactGroup group{"Dataset", {{"name", manifest.name}, {"digest", manifest.digest()}}};
  for (const auto& [name, split] : manifest.splits) {
    group.facts.push_back({name, fmt::format("{} samples in {} shards", split.samples, split.shards.size())});
    if (split.class_counts.empty()) continue;
    ClassCounts counts{name, {}};
    for (const auto& known : classes) {
      const auto place = std::ranges::find(manifest.classes, known) - manifest.classes.begin();
      counts.counts.push_back(split.class_counts.at(static_cast<std::size_t>(place)));
    }
    report.class_counts.push_back(std::move(counts));
  }
  const auto& passport = manifest.passport;
  group.facts.push_back(finding("equal pictures", pictures_in(passport.duplicates),
                                fmt::format("in {} groups", passport.duplicates.size())));
  group.facts.push_back(finding("pictures of one value", passport.constant.size(), "pictures"));
  group.facts.push_back(finding("skipped at import", passport.skipped.size(), "samples"));
  report.facts.push_back(std::move(group));
}

void describe_ensemble(Report& report, const std::vector<std::string>& names, const std::vector<double>& accuracies,
                       const std::string& dataset) {
  report.title = fmt::format("{} {} together on {}", names.size(), names.size() == 1 ? "net" : "nets", dataset);
  report.subtitle = join(names);
  if (!report.facts.empty())
    report.subtitle += fmt::format("; curves, times and configuration are those of {}", names.front());
  if (accuracies.empty()) return;
  report.headline.insert(report.headline.begin(),
                         {"Mean of each alone", fmt::format("{:.2f} %", 100 * mean_of_members(accuracies))});
  FactGroup group{"Accuracy of each alone", {}};
  for (std::size_t i = 0; i < names.size(); ++i)
    group.facts.push_back({names[i], fmt::format("{:.2f} %", 100 * accuracies.at(i))});
  report.facts.insert(report.facts.begin(), std::move(group));
}

void show_answers(Report& report, SplitReport answers) {
  if (const auto& scores = answers.scores) {
    const auto [low, high] = scores->accuracy_interval;
    report.headline.insert(
        report.headline.begin(),
        {{fmt::format("Accuracy on '{}'", answers.split), fmt::format("{:.2f} %", 100 * scores->accuracy)},
         {"95 % interval", fmt::format("{:.2f} to {:.2f} %", 100 * low, 100 * high)},
         {"Macro F1", fmt::format("{:.2f} %", 100 * scores->macro_f1)}});
  }
  report.scored = std::move(answers);
}

void show_pictures(Report& report, const Split& split) {
  report.height = split.images.size(1);
  report.width = split.images.size(2);
  constexpr std::int64_t kEpochs = 5;
  if (report.augmentation.empty() || report.augmentation == "none") return;
  auto augmentation = parse_augmentation(report.augmentation);
  augmentation.mixup_alpha = 0;  // which blends in another picture: each is shown by itself
  const BatchMaker maker(augmentation, picture_size_of(split.images), /*seed=*/1);
  report.changed_height = maker.size().height;
  report.changed_width = maker.size().width;
  const auto samples = one_of_each_class(split, report.classes.size());
  for (const auto sample : samples) report.augmented.push_back({bytes_of(split.images[sample]), {}});
  for (std::int64_t epoch = 1; epoch <= kEpochs; ++epoch) {
    const auto changed = maker.make(split.images, samples, samples, epoch).images;
    for (std::size_t i = 0; i < samples.size(); ++i)
      report.augmented[i].changed.push_back(
          bytes_of(changed[static_cast<std::int64_t>(i)].mul(255).round().to(torch::kUInt8)));
  }
}

void write_report_if_possible(const fs::path& file, const std::function<Report()>& make) {
  try {
    write_file_atomically(file, report_page(make()));
  } catch (const std::exception& error) {
    spdlog::warn("'{}' could not be made: {}", file.string(), message_of(error));
  }
}

}  // namespace fer
