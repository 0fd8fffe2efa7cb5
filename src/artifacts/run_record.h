#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/exit_code.h"

namespace fer {

inline constexpr const char* kRunRecordFile = "run.json";

/// run.json: what became of a run. It says `running` from the first moment, so a job that vanished without a word is
/// told from one that ended.
class RunRecord {
 public:
  /// Claims the folder: of two jobs that start with one folder, one gets it.
  /// @param facts  build, ranks, dataset, seeds ...: everything known at the start.
  /// @throws Error (kUsage) if the folder holds a run, (kIo).
  RunRecord(std::filesystem::path folder, nlohmann::json facts);
  /// Goes on with the run of a folder, which was begun elsewhere or at another time: facts of today take the place of
  /// those of its start, what a former end has left goes, and `resumed` lists how it went on.
  /// @throws Error (kIo, kBadInput).
  RunRecord(std::filesystem::path folder, const nlohmann::json& facts, nlohmann::json resumption);

  /// Sets a fact and publishes the file. @throws Error (kIo).
  void set(const std::string& key, nlohmann::json value);
  /// Sets a fact, to be published with what comes next.
  void note(const std::string& key, nlohmann::json value);
  /// A fact that is a whole number; 0 where there is none.
  std::int64_t number(const std::string& key) const;
  /// @param state  finished | stopped_early | preempted | failed
  void end(const std::string& state, const std::string& why, ExitCode exit_code);

 private:
  void publish() const;
  /// What another process or thread has put on record as the end stays.
  void publish_unless_ended() const;

  std::filesystem::path path_;
  nlohmann::json record_;
};

/// Ends the run.json of a folder with an error, from a process, or a thread, that does not keep it. One that has ended
/// stays as it is; one that is kept in this process says nothing more.
/// @param facts  that are added
/// @throws Error (kIo, kBadInput).
void mark_failed(const std::filesystem::path& folder, const std::string& why, ExitCode exit_code,
                 const nlohmann::json& facts = nlohmann::json::object());

/// What run.json of a folder says. @throws Error (kBadInput) if it cannot be read, or is no record of a run.
nlohmann::json read_run_record(const std::filesystem::path& folder);

/// Frees a folder for a run that begins anew: forgets run.json, events and checkpoints of the run that it holds, if it holds
/// one.
/// @throws Error (kIo).
void forget_run(const std::filesystem::path& folder);

}  // namespace fer
