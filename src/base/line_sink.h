#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <mutex>
#include <string>

namespace fer {

/// Lines of a log, each handed to the system at once. One that it does not take, as on a full disk, is lost and
/// counted; the first is said on standard error, and the work goes on. Where lines are taken again, one that tells how
/// many are missing goes ahead, and none is joined to half of another.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// @param descriptor  closed in the end, unless it is standard output
  /// @param name        what the user calls it
  LineSink(int descriptor, std::string name);
  ~LineSink() override;

  /// Lines that were lost so far.
  std::int64_t lost();

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}
  bool write_notice(const spdlog::details::log_msg& message);
  bool write_line(const spdlog::details::log_msg& message);
  void count_lost();

  int descriptor_;
  std::string name_;
  bool within_line_;          // what is there ends without a line's end
  int error_ = 0;             // of the last line that was not taken
  std::int64_t missing_ = 0;  // lines since the last one that was taken
  std::int64_t lost_ = 0;     // lines of all time
};

}  // namespace fer
