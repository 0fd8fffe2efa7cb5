#include "artifacts/run_record.h"

#include <fmt/format.h>

#include <mutex>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/text.h"

namespace fer {
namespace {

/// Of a process: a watchdog ends its record while another thread still writes.
std::mutex writing;

void end_record(nlohmann::json& record, const std::string& state, const std::string& why, ExitCode exit_code) {
  record["state"] = state;
  record["why"] = why;
  record["exit_code"] = static_cast<int>(exit_code);
  record["ended"] = utc_now();
}

std::string file_text(const nlohmann::json& record) {
  return json_text(record, /*indent=*/2) + "\n";
}

}  // namespace

RunRecord::RunRecord(std::filesystem::path folder, nlohmann::json facts)
    : path_(folder / kRunRecordFile), record_(std::move(facts)) {
  record_["state"] = "running";
  record_["why"] = "";
  record_["exit_code"] = nullptr;
  record_["started"] = utc_now();
  require(
      write_file_if_free(path_, file_text(record_)), ExitCode::kUsage,
      fmt::format("'{}' already holds a run; choose another --out, or --resume auto.", path_.parent_path().string()));
}

RunRecord::RunRecord(std::filesystem::path folder, const nlohmann::json& facts, nlohmann::json resumption)
    : path_(folder / kRunRecordFile), record_(read_run_record(folder)) {
  record_.update(facts);
  record_["state"] = "running";
  record_["why"] = "";
  record_["exit_code"] = nullptr;
  for (const auto* const of_its_end : {"ended", "watchdog", "alone", "test"}) record_.erase(of_its_end);
  record_["epochs_done"] = resumption.at("behind_epoch");
  record_["resumed"].push_back(std::move(resumption));
  publish();
}

void RunRecord::set(const std::string& key, nlohmann::json value) {
  note(key, std::move(value));
  publish_unless_ended();
}

void RunRecord::note(const std::string& key, nlohmann::json value) {
  record_[key] = std::move(value);
}

std::int64_t RunRecord::number(const std::string& key) const {
  return record_.value(key, std::int64_t{0});
}

void RunRecord::end(const std::string& state, const std::string& why, ExitCode exit_code) {
  end_record(record_, state, why, exit_code);
  publish_unless_ended();
}

void RunRecord::publish() const {
  write_file_atomically(path_, file_text(record_));
}

void RunRecord::publish_unless_ended() const {
  const std::lock_guard alone(writing);
  AtomicFile file(path_);
  file.write(file_text(record_));
  file.flush();  // ahead of the look: whoever is stopped half-way may find his run ended by others
  if (!path_exists(path_) || read_run_record(path_.parent_path()).at("state") == "running") file.commit();
}

nlohmann::json read_run_record(const std::filesystem::path& folder) {
  const auto path = folder / kRunRecordFile;
  auto record = nlohmann::json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  require(record.is_object() && record.contains("state"), ExitCode::kBadInput,
          fmt::format("'{}' is no record of a run.", path.string()));
  return record;
}

void forget_run(const std::filesystem::path& folder) {
  if (!path_exists(folder / kRunRecordFile)) return;
  std::error_code failure;
  std::vector<std::filesystem::path> doomed = {folder / "checkpoints"};
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure))
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) doomed.push_back(entry.path());
  doomed.push_back(folder / kRunRecordFile);  // last, so that a run which is forgotten in part is forgotten again
  for (const auto& path : doomed) {
    std::filesystem::remove_all(path, failure);
    require(!failure, ExitCode::kIo, fmt::format("cannot remove '{}': {}.", path.string(), failure.message()));
  }
}

void mark_failed(const std::filesystem::path& folder, const std::string& why, ExitCode exit_code,
                 const nlohmann::json& facts) {
  const std::lock_guard alone(writing);
  auto record = nlohmann::json::parse(read_file(folder / kRunRecordFile));
  if (record.at("state") != "running") return;
  record.update(facts);
  end_record(record, "failed", why, exit_code);
  write_file_atomically(folder / kRunRecordFile, file_text(record));
}

}  // namespace fer
