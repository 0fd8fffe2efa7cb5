#include "artifacts/run_record.h"

#include "base/atomic_file.h"
#include "base/text.h"

namespace fer {

RunRecord::RunRecord(std::filesystem::path folder, nlohmann::json facts)
    : path_(folder / kRunRecordFile), record_(std::move(facts)) {
  record_["state"] = "running";
  record_["why"] = "";
  record_["exit_code"] = nullptr;
  record_["started"] = utc_now();
  publish();
}

void RunRecord::set(const std::string& key, nlohmann::json value) {
  record_[key] = std::move(value);
  publish();
}

void RunRecord::end(const std::string& state, const std::string& why, ExitCode exit_code) {
  record_["state"] = state;
  record_["why"] = why;
  record_["exit_code"] = static_cast<int>(exit_code);
  record_["ended"] = utc_now();
  publish();
}

void RunRecord::publish() const {
  write_file_atomically(path_, record_.dump(2) + "\n");
}

}  // namespace fer
