#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/event_records.h"

namespace fer {

/// What TensorBoard shows of a run: a file events.out.tfevents.* in its folder, which unlike its other files grows
/// while the run lasts. Of what is added nothing is written, and nothing can fail, until flush(). Tags are grouped by
/// what stands ahead of their first slash.
class EventFile {
 public:
  /// @param first_step  that is yet to come, 1 at the start of a run. What older files of the folder tell of this step
  ///                    and later ones is void, so that a run that was broken off shows as one line.
  EventFile(std::filesystem::path folder, std::int64_t first_step);
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;
  /// What was not flushed is lost.
  ~EventFile();

  void add_scalar(std::string_view tag, std::int64_t step, double value);
  void add_image(std::string_view tag, std::int64_t step, const EventImage& image);
  void add_histogram(std::string_view tag, std::int64_t step, const Histogram& histogram);
  /// Enters the run into the table of runs. @param metrics  tags of scalars
  void add_run_start(const std::vector<HyperParameter>& parameters, const std::vector<std::string>& metrics);
  void add_run_end(bool succeeded);

  /// Hands what was added to the system, which brings it to the disk in its own time; the first makes the file. What
  /// finds no room stays, and goes ahead of what is added later. @throws Error (kIo).
  void flush();

 private:
  void open();

  std::filesystem::path folder_;
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::string unwritten_;
};

}  // namespace fer
