#pragma once

#include <spdlog/spdlog.h>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace fer {

/// Sets up the one logger: the console hears rank 0's progress (and warnings of any rank); with open_log_file() a file
/// hears everything. `quiet` leaves only warnings and errors on the console. Where either takes no lines, they are lost
/// and the work goes on.
void start_logging(int rank, bool quiet);

/// Adds `folder/rank-N.txt`, which is appended to. @throws Error (kIo) if it cannot be opened.
void open_log_file(const std::filesystem::path& folder, int rank);

/// Says something in labelled_lines() (base/text_table.h).
void log_labelled(std::string_view label, std::string_view text);

/// Lines that the file of open_log_file() did not take so far.
std::int64_t lost_log_lines();

}  // namespace fer
