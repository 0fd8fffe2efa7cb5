#include "apps/resume.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/json_text.h"
#include "base/text.h"
#include "comm/agreement.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

std::string key_of(const std::string& line) {
  return line.substr(0, line.find(" ="));
}

/// On which ranks and from where a run goes on. What a step takes is compared by number.
bool is_about_place(const std::string& line) {
  static const std::vector<std::string> keys = {
      "dataset",    "device",          "backend",     "threads",    "bucket-mb",         "bucket-precision",
      "cuda-graph", "ranks-share-gpu", "resident-mb", "batch-size", "global-batch-size", "preempt-signal",
      "watchdog"};
  return std::ranges::find(keys, key_of(line)) != keys.end();
}

/// What a run may go on with otherwise than it began, and puts on record.
bool may_change(const std::string& line) {
  static const std::vector<std::string> keys = {
      "epochs",           "lr",  "lr-factor", "lr-patience", "early-stop-patience", "stop-at-accuracy",
      "checkpoint-every", "keep", "on-disk-full"};
  return std::ranges::find(keys, key_of(line)) != keys.end();
}

template <class Drop>
std::vector<std::string> lines_without(const std::string& ini, const Drop& drop) {
  auto lines = split_text(ini, '\n');
  std::erase_if(lines, drop);
  return lines;
}

std::string config_of(const TrainOptions& options) {
  return read_file(fs::path(options.out) / "config.ini");
}

/// @param record  run.json of the folder
void require_same_run(const TrainOptions& options, const RunData& data, const nlohmann::json& record) {
  require(record.value("/dataset/digest"_json_pointer, "") == data.manifest.digest(), ExitCode::kUsage,
          fmt::format("'{}' holds a run on another dataset. Choose another --out.", options.out));
  const auto free = [](const std::string& line) { return is_about_place(line) || may_change(line); };
  const auto here = lines_without(options.ini, free);
  const auto there = lines_without(config_of(options), free);
  const auto [mine, other] = std::ranges::mismatch(here, there);
  if (mine == here.end() && other == there.end()) return;
  fail(ExitCode::kUsage, fmt::format("'{}' holds a run of other options: there '{}', here '{}'. Choose another --out.",
                                     options.out, other == there.end() ? "" : *other, mine == here.end() ? "" : *mine));
}

/// Samples of a step, of all ranks together.
void require_same_batch(const TrainOptions& options, const nlohmann::json& record, std::int64_t here) {
  const auto there = record.value("global_batch_size", here);
  require(there == here, ExitCode::kUsage,
          fmt::format("'{}' holds a run of {} samples a step, here it is {}. Give --global-batch-size {} instead, or "
                      "choose another --out.",
                      options.out, there, here, there));
}

/// Options that are new here.
std::vector<std::string> changes(const TrainOptions& options) {
  const auto known = split_text(config_of(options), '\n');
  return lines_without(options.ini, [&](const std::string& line) {
    return !may_change(line) || std::ranges::find(known, line) != known.end();
  });
}

std::int64_t epochs_wanted(const TrainOptions& options) {
  std::int64_t epochs = 0;
  for (const auto& phase : options.phases) epochs += phase.trainer.epochs;
  return epochs;
}

bool holds_run(const TrainOptions& options) {
  return path_exists(fs::path(options.out) / kRunRecordFile);
}

std::optional<FoundCheckpoint> of_own_folder(const TrainOptions& options, const RunData& data,
                                             std::int64_t global_batch_size) {
  if (!holds_run(options)) return std::nullopt;
  const auto record = read_run_record(options.out);
  require_same_run(options, data, record);
  require_same_batch(options, record, global_batch_size);
  if (auto found = furthest_checkpoint(fs::path(options.out) / "checkpoints")) return found;
  // Perhaps it had been taken up from another folder, and came to no checkpoint of its own.
  if (!record.contains("resumed")) return std::nullopt;
  const fs::path source = record["resumed"][0].value("from", "");
  return source.is_absolute() ? std::optional(FoundCheckpoint{source, read_checkpoint(source)}) : std::nullopt;
}

/// What is known of the best epoch, of its checkpoint; null if that is not there.
nlohmann::json best_in(const fs::path& checkpoints) {
  try {
    const auto checkpoint = read_checkpoint(checkpoints / "best.safetensors");
    const auto best = best_of(checkpoint);
    if (!best) return nullptr;
    return {{"epoch", checkpoint.info.epoch},
            {"metrics", checkpoint.info.metrics},
            {"metric", best->metric},
            {"value", best->value}};
  } catch (const Error&) {
    return nullptr;
  }
}

/// The checkpoint, or the furthest of a run's folder, that `--resume` names.
FoundCheckpoint of_path(const TrainOptions& options, const RunData& data) {
  const fs::path path = options.resume;
  const auto found = fs::is_directory(path) ? furthest_checkpoint(path / "checkpoints")
                                            : std::optional(FoundCheckpoint{path, read_checkpoint(path)});
  require(found.has_value(), ExitCode::kBadInput, fmt::format("'{}' holds no whole checkpoint.", path.string()));
  const auto& info = found->checkpoint.info;
  const auto require_same = [&](const char* what, const std::string& there, const std::string& here) {
    require(
        there == here, ExitCode::kUsage,
        fmt::format("--resume {}: its {} is '{}', here it is '{}'. To begin anew with its weights, give --init-from.",
                    options.resume, what, there, here));
  };
  require_same("net", info.model, options.net.name);
  require_same("list of classes", join(info.classes), join(data.classes));
  require_same("dataset", info.dataset_digest, data.manifest.digest());
  return *found;
}

}  // namespace

std::optional<std::string> completion(const TrainOptions& options, const RunData& data) {
  if (options.dry_run || !holds_run(options)) return std::nullopt;
  require(options.resume == "auto", ExitCode::kUsage,
          fmt::format("'{}' already holds a run; choose another --out, or --resume auto.", options.out));
  const auto record = read_run_record(options.out);
  require_same_run(options, data, record);
  if (options.batch_size == 0) require_same_batch(options, record, options.data.training_set.global_batch_size);
  if (record["state"] == "stopped_early") return "stopped early: " + record.value("why", "");
  const bool done = record.value("epochs", std::int64_t{0}) >= epochs_wanted(options);
  return record["state"] == "finished" && done ? std::optional("finished") : std::nullopt;
}

std::optional<ResumePoint> find_resume_point(const TrainOptions& options, const RunData& data,
                                             std::int64_t global_batch_size, MpiCommunicator& host) {
  if (options.resume == "never") return std::nullopt;
  const bool in_place = options.resume == "auto";
  std::optional<FoundCheckpoint> found;
  nlohmann::json facts;
  agree(host, [&] {
    if (host.rank() != 0) return;
    found = in_place ? of_own_folder(options, data, global_batch_size) : of_path(options, data);
    if (!found) return;
    const auto phase = phase_of(found->checkpoint);
    require(phase < std::ssize(options.phases), ExitCode::kUsage,
            fmt::format("'{}' is of phase {}, and there are {} here.", found->path.string(), phase + 1,
                        options.phases.size()));
    const auto checkpoints = fs::path(options.out) / "checkpoints";
    const bool own = in_place && found->path.parent_path() == checkpoints;
    facts = {{"behind_epoch", found->checkpoint.info.epoch},
             {"behind_step", found->checkpoint.info.step},
             {"from", own ? found->path.filename().string() : fs::absolute(found->path).string()},
             {"own", own},
             {"ranks", host.world_size()},
             {"best", in_place ? best_in(checkpoints) : nlohmann::json()},
             {"changed", in_place ? changes(options) : std::vector<std::string>()}};
  });
  facts = nlohmann::json::parse(broadcast_text(host, json_text(facts), /*root=*/0));
  if (facts.is_null()) return std::nullopt;
  const auto& best = facts.at("best");
  return ResumePoint{shared_checkpoint(found ? found->checkpoint : Checkpoint{}, host), facts, in_place,
                     facts.at("own").get<bool>(),
                     best.is_null() ? std::nullopt : std::optional(BestValue{best.at("metric"), best.at("value")})};
}

void log_resumption(const ResumePoint& point) {
  const auto changed = point.facts.at("changed").get<std::vector<std::string>>();
  spdlog::info("resume after epoch {} and step {}, from {}{}", point.facts.at("behind_epoch").get<std::int64_t>(),
               point.facts.at("behind_step").get<std::int64_t>(), point.facts.at("from").get<std::string>(),
               changed.empty() ? "" : ", with " + join(changed));
}

}  // namespace fer
