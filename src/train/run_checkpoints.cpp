#include "train/run_checkpoints.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"

namespace fer {
namespace {

std::string epoch_name(std::int64_t epoch) {
  return fmt::format("epoch-{:04}", epoch);
}

std::uintmax_t bytes_of(const Checkpoint& checkpoint) {
  std::uintmax_t bytes = 0;
  for (const auto* tensors : {&checkpoint.model, &checkpoint.state})
    for (const auto& [name, tensor] : *tensors) bytes += tensor.nbytes();
  return bytes;
}

/// Temporary files do not count.
std::uintmax_t bytes_in(const std::filesystem::path& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with(".")) bytes += entry.file_size();
  return bytes;
}

}  // namespace

RunCheckpoints::RunCheckpoints(const std::filesystem::path& run_folder, std::int64_t keep, RunRecord& record,
                               const nlohmann::json& resumed)
    : folder_(run_folder / "checkpoints"), keep_(keep), record_(record) {
  if (!resumed.is_null()) {
    find_kept(resumed.at("behind_epoch").get<std::int64_t>());
    trim_kept(std::max(keep_, std::int64_t{1}));  // the newest may be the one that the run goes on from
    saved_step_ = resumed.at("behind_step").get<std::int64_t>();
  }
  make_writable_folder(folder_);
}

/// Checkpoints named by epoch that the run has left so far; what lies ahead of where it goes on is written anew.
void RunCheckpoints::find_kept(std::int64_t behind_epoch) {
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, missing))
    if (const auto name = entry.path().stem().string(); name.starts_with("epoch-") && name <= epoch_name(behind_epoch))
      kept_.push_back(entry.path());
  std::ranges::sort(kept_);
}

std::filesystem::path RunCheckpoints::path_of(const std::string& name) const {
  return folder_ / (name + ".safetensors");
}

void RunCheckpoints::take_best(std::shared_ptr<const Checkpoint> best) {
  unwritten_best_ = std::move(best);
}

void RunCheckpoints::write_best() {
  write_checkpoint(path_of("best"), *unwritten_best_);
  const auto info = std::exchange(unwritten_best_, nullptr)->info;
  record_.note("best", best_on_record(info.epoch, info.metrics, info.best_metric));
  put_saved_on_record(info.step);
}

/// What a signal asked for is saved without it.
void RunCheckpoints::write_earlier_best() {
  if (!unwritten_best_) return;
  try {
    write_best();
  } catch (const Error& error) {
    spdlog::warn("{} The run goes on without.", error.what());
  }
}

void RunCheckpoints::write_last(const Checkpoint& checkpoint) {
  write_checkpoint(path_of("last"), checkpoint);
  put_saved_on_record(checkpoint.info.step);
}

void RunCheckpoints::write_epoch(const Checkpoint& checkpoint) {
  write_last(checkpoint);
  if (keep_ > 0) write_named(checkpoint);
  trim_kept(keep_);
}

void RunCheckpoints::complete_epoch(const Checkpoint& checkpoint, const std::string& from) {
  if (from != path_of("last").filename()) write_last(checkpoint);
  if (keep_ > 0 && !path_exists(path_of(epoch_name(checkpoint.info.epoch)))) write_named(checkpoint);
  trim_kept(keep_);
}

void RunCheckpoints::write_named(const Checkpoint& checkpoint) {
  kept_.push_back(path_of(epoch_name(checkpoint.info.epoch)));
  write_checkpoint(kept_.back(), checkpoint);
}

/// Removes the oldest of those named by epoch.
void RunCheckpoints::trim_kept(std::int64_t most) {
  while (std::ssize(kept_) > most) {
    std::error_code ignored;  // if somebody has removed it
    std::filesystem::remove(kept_.front(), ignored);
    kept_.pop_front();
  }
}

void RunCheckpoints::put_saved_on_record(std::int64_t step) {
  saved_step_ = std::max(saved_step_, step);
  record_.set("saved_step", saved_step_);
}

std::optional<std::string> RunCheckpoints::lack_of_room(const Checkpoint& checkpoint) const {
  const auto one = bytes_of(checkpoint);
  const auto files = static_cast<std::uintmax_t>(keep_) + 3;  // best, last, and the one that is being written
  const auto wanted = files * one, room = std::filesystem::space(folder_).available + bytes_in(folder_);
  if (room >= wanted) return std::nullopt;
  return fmt::format(
      "'{}' has room for {} MB, but {} checkpoints of {} MB take {} MB: free some, choose "
      "another --out, or lower --keep.",
      folder_.string(), room / 1'000'000, files, one / 1'000'000, wanted / 1'000'000);
}

nlohmann::json best_on_record(std::int64_t epoch, const nlohmann::json& metrics, const std::string& metric) {
  const bool chosen = metrics.contains("val_loss");
  return {{"epoch", epoch}, {"metric", chosen ? nlohmann::json(metric) : nlohmann::json()}, {"metrics", metrics}};
}

FoundCheckpoint checkpoint_to_score(const std::filesystem::path& run_folder) {
  const auto best = run_folder / "checkpoints/best.safetensors", last = run_folder / "checkpoints/last.safetensors";
  std::string complaint = fmt::format("'{}' could not be written.", best.string());
  if (path_exists(best)) {
    try {
      return {best, read_checkpoint(best)};
    } catch (const Error& error) {
      complaint = error.what();
    }
  }
  require(path_exists(last), ExitCode::kIo,
          fmt::format("{} There is nothing to score: free some space, then --resume auto.", complaint));
  spdlog::warn("{} '{}' is scored instead.", complaint, last.filename().string());
  return {last, read_checkpoint(last)};
}

}  // namespace fer
