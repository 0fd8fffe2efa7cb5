#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/error.h"

namespace fer {

void start_logging(int rank, bool quiet) {
  auto console = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  console->set_level(rank == 0 && !quiet ? spdlog::level::info : spdlog::level::warn);
  console->set_pattern(rank == 0 ? "%v" : fmt::format("[rank {}] %v", rank));
  auto logger = std::make_shared<spdlog::logger>("fer", console);
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void open_log_file(const std::filesystem::path& folder, int rank) {
  const auto path = folder / fmt::format("rank-{}.txt", rank);
  try {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    file->set_level(spdlog::level::debug);
    file->set_pattern("%Y-%m-%d %H:%M:%S.%e %L %v");
    spdlog::default_logger()->sinks().push_back(std::move(file));
  } catch (const spdlog::spdlog_ex& error) {
    fail(ExitCode::kIo, fmt::format("cannot open the log '{}': {}.", path.string(), error.what()));
  }
}

}  // namespace fer
