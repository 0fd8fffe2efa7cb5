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
      "dataset",           "device",         "backend",         "threads",     "bucket-mb",
      "bucket-precision",  "cuda-graph",     "ranks-share-gpu", "resident-mb", "batch-size",
      "global-batch-size", "preempt-signal", "watchdog"};
  return std::ranges::find(keys, key_of(line)) != keys.end();
}

/// What a run may go on with otherwise than it began, and puts on record.
bool may_change(const std::string& line) {
  static const std::vector<std::string> keys = {
      "epochs",           "lr",   "lr-factor",   "lr-patience", "early-stop-patience", "stop-at-accuracy",
      "checkpoint-every", "keep", "on-disk-full"};
  return std::ranges::find(keys, key_of(line)) != keys.end();
}

template <class Drop>
std::vector<std::string> lines_without(const std::string& ini, const Drop& drop) {
  auto lines = split_text(ini, '\n');
  std::erase_if(lines, drop);
  return lines;
}

/// What a run was begun with.
struct Beginning {
  std::string run;     // as messages name it
  std::string advice;  // for who wants another
  std::string dataset_digest;
  std::string config;                  // empty: unknown, as of early checkpoints
  std::int64_t global_batch_size = 0;  // samples of a step, of all ranks together; 0: unknown
};

/// As the folder tells.
Beginning beginning_in(const std::string& folder) {
  const auto record = read_run_record(folder);
  return {fmt::format("'{}' holds a run", folder), "choose another --out",
          record.value("/dataset/digest"_json_pointer, ""), read_file(fs::path(folder) / "config.ini"),
          record.value("global_batch_size", std::int64_t{0})};
}

Beginning beginning_of(const FoundCheckpoint& found) {
  const auto& info = found.checkpoint.info;
  return {fmt::format("'{}' is of a run", found.path.string()), "begin anew with its weights by --init-from",
          info.dataset_digest, info.config, info.global_batch_size};
}

void require_same_run(const Beginning& there, const TrainOptions& options, const RunData& data) {
  const auto digest = data.manifest.digest();
  require(there.dataset_digest == digest, ExitCode::kUsage,
          fmt::format("{} on another dataset, whose digest is {}; that of '{}' is {}. Take that dataset, or {}.",
                      there.run, there.dataset_digest, options.dataset, digest, there.advice));
  if (there.config.empty()) return;
  const auto free = [](const std::string& line) { return is_about_place(line) || may_change(line); };
  const auto mine = lines_without(options.ini, free), its = lines_without(there.config, free);
  const auto [own, other] = std::ranges::mismatch(mine, its);
  if (own == mine.end() && other == its.end()) return;
  fail(ExitCode::kUsage, fmt::format("{} of other options: there '{}', here '{}'. Give the same, or {}.", there.run,
                                     other == its.end() ? "" : *other, own == mine.end() ? "" : *own, there.advice));
}

/// @param here  samples of a step
void require_same_batch(const Beginning& there, std::int64_t here) {
  require(there.global_batch_size == 0 || there.global_batch_size == here, ExitCode::kUsage,
          fmt::format("{} of {} samples a step, here it is {}. Give --global-batch-size {} instead, or {}.", there.run,
                      there.global_batch_size, here, there.global_batch_size, there.advice));
}

/// Options that are new here.
std::vector<std::string> changes(const Beginning& there, const TrainOptions& options) {
  const auto known = split_text(there.config, '\n');
  return lines_without(options.ini, [&](const std::string& line) {
    return !may_change(line) || there.config.empty() || std::ranges::find(known, line) != known.end();
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

/// Where to go on.
struct Found {
  FoundCheckpoint checkpoint;
  std::vector<std::string> changed;  // options that are new here
};

/// The furthest checkpoint of the folder; where the run had been taken up from another, and came to no checkpoint of
/// its own, the one that it was taken up from.
std::optional<FoundCheckpoint> furthest_of_run(const std::string& folder) {
  if (auto found = furthest_checkpoint(fs::path(folder) / "checkpoints")) return found;
  const auto record = read_run_record(folder);
  if (!record.contains("resumed")) return std::nullopt;
  const fs::path source = record["resumed"][0].value("from", "");
  return source.is_absolute() ? std::optional(FoundCheckpoint{source, read_checkpoint(source)}) : std::nullopt;
}

/// For `--resume auto`.
std::optional<Found> of_own_folder(const TrainOptions& options, const RunData& data, std::int64_t global_batch_size) {
  if (!holds_run(options)) return std::nullopt;
  const auto there = beginning_in(options.out);
  require_same_run(there, options, data);
  require_same_batch(there, global_batch_size);
  auto found = furthest_of_run(options.out);
  return found ? std::optional(Found{std::move(*found), changes(there, options)}) : std::nullopt;
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
Found of_path(const TrainOptions& options, const RunData& data, std::int64_t global_batch_size) {
  const fs::path path = options.resume;
  auto found = fs::is_directory(path) ? furthest_checkpoint(path / "checkpoints")
                                      : std::optional(FoundCheckpoint{path, read_checkpoint(path)});
  require(found.has_value(), ExitCode::kBadInput, fmt::format("'{}' holds no whole checkpoint.", path.string()));
  const auto there = beginning_of(*found);
  const auto& info = found->checkpoint.info;
  const auto require_same = [&](const char* what, const std::string& its, const std::string& here) {
    require(its == here, ExitCode::kUsage,
            fmt::format("--resume {}: its {} is '{}', here it is '{}'. Give the same, or {}.", options.resume, what,
                        its, here, there.advice));
  };
  require_same("net", info.model, options.net.name);
  require_same("list of classes", join(info.classes), join(data.classes));
  require_same_run(there, options, data);
  require_same_batch(there, global_batch_size);
  return {std::move(*found), changes(there, options)};
}

}  // namespace

std::optional<std::string> completion(const TrainOptions& options, const RunData& data) {
  if (options.dry_run || !holds_run(options)) return std::nullopt;
  require(options.resume == "auto", ExitCode::kUsage,
          fmt::format("'{}' already holds a run; choose another --out, or --resume auto.", options.out));
  const auto there = beginning_in(options.out);
  require_same_run(there, options, data);
  if (options.batch_size == 0) require_same_batch(there, options.data.training_set.global_batch_size);
  const auto record = read_run_record(options.out);
  if (record["state"] == "stopped_early") return "stopped early: " + record.value("why", "");
  const bool done = record.value("epochs", std::int64_t{0}) >= epochs_wanted(options);
  return record["state"] == "finished" && done ? std::optional("finished") : std::nullopt;
}

std::optional<ResumePoint> find_resume_point(const TrainOptions& options, const RunData& data,
                                             std::int64_t global_batch_size, MpiCommunicator& host) {
  if (options.resume == "never") return std::nullopt;
  const bool in_place = options.resume == "auto";
  std::optional<Found> found;
  nlohmann::json facts;
  agree(host, [&] {
    if (host.rank() != 0) return;
    found = in_place ? of_own_folder(options, data, global_batch_size) : of_path(options, data, global_batch_size);
    if (!found) return;
    const auto& [path, checkpoint] = found->checkpoint;
    const auto phase = phase_of(checkpoint);
    require(
        phase < std::ssize(options.phases), ExitCode::kUsage,
        fmt::format("'{}' is of phase {}, and there are {} here.", path.string(), phase + 1, options.phases.size()));
    const auto checkpoints = fs::path(options.out) / "checkpoints";
    const bool own = in_place && path.parent_path() == checkpoints;
    facts = {{"at", utc_now()},
             {"behind_epoch", checkpoint.info.epoch},
             {"behind_step", checkpoint.info.step},
             {"from", own ? path.filename().string() : fs::absolute(path).string()},
             {"own", own},
             {"ranks", host.world_size()},
             {"best", in_place ? best_in(checkpoints) : nlohmann::json()},
             {"changed", found->changed}};
  });
  facts = nlohmann::json::parse(broadcast_text(host, json_text(facts), /*root=*/0));
  if (facts.is_null()) return std::nullopt;
  const auto& best = facts.at("best");
  return ResumePoint{shared_checkpoint(found ? found->checkpoint.checkpoint : Checkpoint{}, host), facts, in_place,
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
