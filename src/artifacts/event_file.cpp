#include "artifacts/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include "base/console.h"
#include "base/error.h"
#include "comm/agreement.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "events.out.tfevents.";

EventTime now_at(std::int64_t step) {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(since_1970).count(), step};
}

/// Seconds since 1970 by which a new file is named: files are read in the order of their names, so it is later than
/// those of the folder even if the clock was put back.
std::int64_t seconds_for_name(const fs::path& folder) {
  auto seconds = static_cast<std::int64_t>(now_at(0).seconds);
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    const auto name = entry.path().filename().string();
    std::int64_t older = 0;
    if (name.starts_with(kName)) std::from_chars(name.data() + kName.size(), name.data() + name.size(), older);
    seconds = std::max(seconds, older + 1);
  }
  return seconds;
}

void require_done(bool done, const fs::path& path, int error_number) {
  require(done, ExitCode::kIo,
          fmt::format("cannot write events for TensorBoard to '{}': {}. Free some space or choose another --out.",
                      path.string(), std::strerror(error_number)));
}

}  // namespace

EventFile::EventFile(fs::path folder, std::int64_t first_step)
    : folder_(std::move(folder)), unwritten_(version_record(now_at(0)) + restart_record(now_at(first_step))) {}

EventFile::~EventFile() {
  if (descriptor_ >= 0 && ::close(descriptor_) != 0)  // where a remote disk tells of it no earlier
    spdlog::warn("'{}' may lack events: {}", path_.string(), std::strerror(errno));
}

void EventFile::add_scalar(std::string_view tag, std::int64_t step, double value) {
  unwritten_ += scalar_record(now_at(step), tag, value);
}

void EventFile::add_image(std::string_view tag, std::int64_t step, const EventImage& image) {
  unwritten_ += image_record(now_at(step), tag, image);
}

void EventFile::add_histogram(std::string_view tag, std::int64_t step, const Histogram& histogram) {
  unwritten_ += histogram_record(now_at(step), tag, histogram);
}

void EventFile::add_run_start(const std::vector<HyperParameter>& parameters, const std::vector<std::string>& metrics) {
  unwritten_ += table_record(now_at(0), parameters, metrics) + run_start_record(now_at(0), parameters);
}

void EventFile::add_run_end(bool succeeded) {
  unwritten_ += run_end_record(now_at(0), succeeded);
}

void EventFile::flush() {
  if (descriptor_ < 0) open();
  const auto written = write_to(descriptor_, unwritten_);
  unwritten_.erase(0, written.bytes);  // a record that is cut short here goes on at the next call
  require_done(written.error == 0, path_, written.error);
}

void EventFile::open() {
  path_ = folder_ / fmt::format("{}{}.{}.{}.0", kName, seconds_for_name(folder_), host_name(), ::getpid());
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  require_done(descriptor_ >= 0, path_, errno);
}

}  // namespace fer
