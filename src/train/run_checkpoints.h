#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "artifacts/checkpoint.h"
#include "artifacts/run_record.h"

namespace fer {

/// Writes a run's checkpoints: the best, the last and, named by epoch, the newest; and puts on record what there is.
/// Not collective: rank 0's, and of one thread at a time.
class RunCheckpoints {
 public:
  /// @param keep  epoch-0007.safetensors and its like: as many as these
  /// @param record  of the run; outlives this
  /// @param resumed  if the run in the folder goes on: `behind_epoch` and `behind_step`; else null
  /// @throws Error (kIo).
  RunCheckpoints(const std::filesystem::path& run_folder, std::int64_t keep, RunRecord& record,
                 const nlohmann::json& resumed);

  /// Takes the best so far, which is held until it is written.
  void take_best(std::shared_ptr<const Checkpoint> best);
  /// Writes it. @throws Error (kIo).
  void write_best();
  /// Writes it if there was no room for it then; says so where there still is none.
  void write_earlier_best();
  /// @throws Error (kIo).
  void write_last(const Checkpoint& checkpoint);
  /// Writes it as the last, and under the name of its epoch. @throws Error (kIo).
  void write_epoch(const Checkpoint& checkpoint);
  /// The same of what the run goes on from: it may have been ended between these files. @throws Error (kIo).
  /// @param from  the name of the file that `checkpoint` was in
  void complete_epoch(const Checkpoint& checkpoint, const std::string& from);

  /// The furthest step that is saved.
  std::int64_t saved_step() const { return saved_step_; }
  /// What to tell if the disk has no room for all checkpoints, each as large as this one.
  std::optional<std::string> lack_of_room(const Checkpoint& checkpoint) const;

 private:
  std::filesystem::path path_of(const std::string& name) const;
  void write_named(const Checkpoint& checkpoint);
  void find_kept(std::int64_t behind_epoch);
  void trim_kept(std::int64_t most);
  void put_saved_on_record(std::int64_t step);

  std::filesystem::path folder_;
  std::int64_t keep_;
  RunRecord& record_;
  std::deque<std::filesystem::path> kept_;            // named by epoch, the oldest first
  std::shared_ptr<const Checkpoint> unwritten_best_;  // for which there was no room yet
  std::int64_t saved_step_ = 0;
};

/// What run.json says of the best epoch: `epoch`, its `metrics`, and `metric`, the name of the one by which it was
/// chosen; null without validation, where the last counts as the best.
nlohmann::json best_on_record(std::int64_t epoch, const nlohmann::json& metrics, const std::string& metric);

/// The best checkpoint of a run, or where there was no room for it, or it is damaged, the last.
/// @throws Error (kIo) if there is neither, (kBadInput).
FoundCheckpoint checkpoint_to_score(const std::filesystem::path& run_folder);

}  // namespace fer
