#include "apps/resume.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "artifacts/run_record.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "comm/agreement.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

std::string key_of(const std::string& line) {
  return line.substr(0, line.find(" ="));
}

/// On which ranks and from where a run goes on.
bool is_about_place(const std::string& line) {
  static const std::vector<std::string> keys = {"dataset",       "device",     "backend",         "threads", "bucket-mb",
                                                "bucket-precision", "cuda-graph", "ranks-share-gpu", "resident-mb"};
  return std::ranges::find(keys, key_of(line)) != keys.end();
}

/// What a run may go on with otherwise than it began, and puts on record.
bool may_change(const std::string& line) {
  static const std::vector<std::string> keys = {
      "epochs", "lr", "lr-factor", "lr-patience", "early-stop-patience", "stop-at-accuracy", "checkpoint-every", "keep"};
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

}  // namespace

bool is_complete(const TrainOptions& options, const RunData& data) {
  if (options.dry_run || !holds_run(options)) return false;
  require(options.resume == "auto", ExitCode::kUsage,
          fmt::format("'{}' already holds a run; choose another --out, or --resume auto.", options.out));
  const auto record = read_run_record(options.out);
  require_same_run(options, data, record);
  if (record["state"] == "stopped_early") return true;
  return record["state"] == "finished" && record.value("epochs_done", std::int64_t{0}) >= epochs_wanted(options);
}

std::optional<ResumePoint> find_resume_point(const TrainOptions& options, const RunData& data,
                                             std::int64_t global_batch_size, MpiCommunicator& host) {
  std::optional<FoundCheckpoint> found;
  nlohmann::json facts;
  agree(host, [&] {
    if (host.rank() != 0 || options.resume != "auto" || !holds_run(options)) return;
    const auto record = read_run_record(options.out);
    require_same_run(options, data, record);
    const auto batch = record.value("global_batch_size", global_batch_size);
    require(batch == global_batch_size, ExitCode::kUsage,
            fmt::format("'{}' holds a run of {} samples a step, which would be {} on {} ranks. Give "
                        "--global-batch-size {} instead of --batch-size.",
                        options.out, batch, global_batch_size, host.world_size(), batch));
    found = furthest_checkpoint(fs::path(options.out) / "checkpoints");
    if (!found) return;
    facts = {{"behind_epoch", found->checkpoint.info.epoch},
             {"from", found->path.filename().string()},
             {"ranks", host.world_size()},
             {"changed", changes(options)}};
  });
  facts = nlohmann::json::parse(broadcast_text(host, facts.dump(), /*root=*/0));
  if (facts.is_null()) return std::nullopt;
  return ResumePoint{shared_checkpoint(found ? found->checkpoint : Checkpoint{}, host), facts};
}

void log_resumption(const ResumePoint& point) {
  const auto changed = point.facts.at("changed").get<std::vector<std::string>>();
  spdlog::info("resume behind epoch {}, from {}{}", point.facts.at("behind_epoch").get<std::int64_t>(),
               point.facts.at("from").get<std::string>(), changed.empty() ? "" : ", with " + join(changed));
}

}  // namespace fer
