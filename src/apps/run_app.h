#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <string>

#include "base/allocator.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "comm/agreement.h"
#include "comm/mpi_communicator.h"
#include "comm/mpi_environment.h"

namespace fer {

/// Prints the one paragraph that a user gets of an error.
inline void print_error(const std::string& command, const std::string& message) {
  spdlog::default_logger()->flush();
  fmt::print(stderr, "{}: {}\n", command, message);
  std::fflush(stderr);
}

/// Ends a job in which this rank alone has failed; the others may be waiting for it in a collective.
[[noreturn]] inline void abort_job(const std::string& command, const MpiCommunicator& host, const std::string& message,
                                   ExitCode code) {
  spdlog::error("{}", message);
  const auto where = host.world_size() > 1 ? fmt::format("rank {} on {}: ", host.rank(), host_name()) : "";
  print_error(command, where + message);
  MpiEnvironment::abort(static_cast<int>(code));
}

/// What the executables share: options in, one call, exit code out, and the one place that catches.
/// @param parse  Options(argc, argv), which may set `text_to_print` to answer --help and --version
/// @param body   ExitCode(const Options&, MpiCommunicator&)
template <class Parse, class Body>
int run_app(const std::string& command, int argc, char** argv, const Parse& parse, const Body& body) {
  keep_freed_memory();
  try {
    // Questions about the program itself are answered without starting MPI, by one process.
    if (const auto options = parse(argc, argv); !options.text_to_print.empty()) {
      if (launcher_rank() == 0) fmt::print("{}", options.text_to_print);
      return static_cast<int>(ExitCode::kOk);
    }
  } catch (const Error&) {
    // Said below, once the ranks can agree who says it.
  }
  MpiEnvironment environment(&argc, &argv);
  MpiCommunicator host(MPI_COMM_WORLD);
  start_logging(host.rank(), /*quiet=*/false);
  try {
    decltype(parse(argc, argv)) options;
    agree(host, [&] { options = parse(argc, argv); });
    start_logging(host.rank(), options.quiet);
    return static_cast<int>(body(options, host));
  } catch (const AgreedError& error) {
    if (host.rank() == 0) print_error(command, error.what());
    spdlog::debug("failed at {}:{}", error.where().file_name(), error.where().line());
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    abort_job(command, host, error.what(), error.code());
  } catch (const std::exception& error) {
    abort_job(command, host, error.what(), ExitCode::kInternal);
  }
}

}  // namespace fer
