#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "artifacts/history.h"
#include "artifacts/run_record.h"
#include "train/epoch_bar.h"
#include "train/epoch_table.h"
#include "train/run_checkpoints.h"
#include "train/run_events.h"
#include "train/trainer.h"

namespace fer {

struct RunRecorderConfig {
  std::filesystem::path folder;
  std::int64_t epochs = 1;
  std::int64_t checkpoint_every = 1;  // epochs; 0: behind the last alone, and the best
  std::int64_t keep = 1;              // epoch-0007.safetensors and its like: as many as these, the newest
  CheckpointInfo checkpoint;          // what does not change from epoch to epoch
  bool goes_on_unwritten = false;     // where nothing can be written, but to save what a signal asked for
  bool show_progress = false;         // a live line on the terminal
  nlohmann::json resumed;             // if the run in the folder goes on: ResumePoint::facts; else null
};

/// Shows a run on rank 0's console and writes what it leaves: run.json, history.csv and checkpoints, these on a thread
/// of its own while training goes on. What that thread could not write is thrown by the next call that writes, or by
/// on_step(). On other ranks it does next to nothing.
class RunRecorder final : public TrainingObserver {
 public:
  /// @param facts  for run.json. Rank 0 writes at once.
  RunRecorder(RunRecorderConfig config, nlohmann::json facts, const std::string& config_ini, int rank);

  void on_epoch_start(const EpochStart& start) override;
  void on_step(std::int64_t step, const MetricMeter& so_far) override;
  void on_epoch_end(const EpochReport& report, const Trainer& trainer) override;
  void on_checkpoint(const Checkpoint& checkpoint, const Trainer& trainer) override;
  void on_skipped_steps(std::int64_t step, std::int64_t count, std::int64_t total) override;
  void on_fatal_step(const BadStep& bad, const TrainingBatch& batch, const Net& net) override;

  /// Writes what is missing of the files of the epoch behind which a run goes on, where it was ended between two of
  /// them.
  /// @param last  whether the run is over behind it
  /// @throws Error (kIo), unless the run goes on unwritten.
  void go_on_from(const Checkpoint& checkpoint, bool last);
  /// Puts the first batch on show. @param images  [N, 1, H, W] in [0, 1], as the net sees them
  void show_faces(const torch::Tensor& images);
  /// Puts the best net's figures on the test split on record.
  void record_test(const std::string& split, const SplitScores& scores);
  /// Whether all checkpoints will find room. @throws Error (kIo) naming what they take, unless the run goes on
  /// unwritten.
  void require_room(const Trainer& trainer) const;
  /// Waits until everything is on the disk, where there is room by now. @throws Error (kIo).
  void catch_up();
  /// Puts on record, with the end, how many lines the ranks' logs did not take, and says so if there are some.
  void report_lost_lines(std::int64_t lines);
  /// Ends run.json in good order. @throws Error (kIo).
  void finish(const std::string& state, const std::string& why);
  /// Ends run.json of a run that is paused, behind its checkpoint. @throws Error (kIo).
  void pause(const TrainingProgress& progress);
  /// Ends run.json with an error that all ranks share; of lines that logs did not take it counts rank 0's alone. Never
  /// throws: that error is on its way out.
  void fail(const std::string& why, ExitCode exit_code) noexcept;
  /// The same with an error of this rank alone, whichever it is: it is about to end the job, rank 0 with it.
  void fail_alone(const std::string& why, ExitCode exit_code) noexcept;

 private:
  void save(const Trainer& trainer, std::function<void()> write);
  void settle();
  CheckpointInfo info_of(const TrainingProgress& progress) const;
  bool is_due(std::int64_t epoch, bool last) const;
  void log_epoch(const EpochReport& report) const;

  RunRecorderConfig config_;
  int rank_;
  bool is_root_;
  std::vector<std::string> hosts_;  // of the ranks
  std::unique_ptr<RunRecord> record_;
  std::unique_ptr<History> history_;
  std::unique_ptr<RunCheckpoints> checkpoints_;
  std::unique_ptr<RunEvents> events_;
  FinalFigures best_, test_;               // of the run so far
  std::int64_t lines_lost_before_ = 0;     // by processes ahead of this one
  std::vector<StepAccount> rank_seconds_;  // of training since the run began or went on, by rank
  std::unique_ptr<EpochBar> bar_;
  std::optional<EpochTable> table_;  // whose header was shown
  bool epoch_is_whole_ = false;      // the present one: all of its steps are done by this process
  double epoch_seconds_ = 0;         // of the last whole one; 0: there is none yet
  std::future<void> saving_;         // has history, record and checkpoints to itself; waited for ahead of their end
};

}  // namespace fer
