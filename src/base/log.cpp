#include "base/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/line_sink.h"
#include "base/text_table.h"

namespace fer {
namespace {

std::shared_ptr<LineSink> log_file;  // of the logger, which spdlog keeps; null without one

}  // namespace

void start_logging(int rank, bool quiet) {
  log_file.reset();
  auto console = std::make_shared<LineSink>(STDOUT_FILENO, "standard output");
  console->set_level(rank == 0 && !quiet ? spdlog::level::info : spdlog::level::warn);
  console->set_pattern(rank == 0 ? "%v" : fmt::format("[rank {}] %v", rank));
  auto logger = std::make_shared<spdlog::logger>("fer", console);
  logger->set_level(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void open_log_file(const std::filesystem::path& folder, int rank) {
  const auto path = folder / fmt::format("rank-{}.txt", rank);
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);  // this host may not see yet that rank 0 has
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  require(descriptor >= 0, ExitCode::kIo,
          fmt::format("cannot open the log '{}': {}.", path.string(), std::strerror(errno)));
  log_file = std::make_shared<LineSink>(descriptor, fmt::format("the log '{}'", path.string()));
  log_file->set_level(spdlog::level::debug);
  log_file->set_pattern("%Y-%m-%d %H:%M:%S.%e %L %v");
  spdlog::default_logger()->sinks().push_back(log_file);
}

void log_labelled(std::string_view label, std::string_view text) {
  for (const auto& line : labelled_lines(label, text)) spdlog::info(line);
}

std::int64_t lost_log_lines() {
  return log_file ? log_file->lost() : 0;
}

}  // namespace fer
