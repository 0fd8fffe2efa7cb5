#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include "base/allocator.h"
#include "base/console.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "comm/agreement.h"
#include "comm/mpi_communicator.h"
#include "comm/mpi_environment.h"

namespace fer {

/// Prints the one paragraph that a user gets of an error.
inline void print_error(const std::string& command, const std::string& message) {
  say_error(fmt::format("{}: {}\n", command, message));
}

/// For the log file alone: the console has print_error().
inline void log_error(const std::string& message) {
  spdlog::debug("failed: {}", message);
}

/// Ends the process with a code of its choice after so many seconds, whatever its threads are at.
inline void exit_at_the_latest(unsigned seconds, ExitCode code) {
  static volatile std::sig_atomic_t exit_code = 0;
  exit_code = static_cast<int>(code);
  std::signal(SIGALRM, [](int) { ::_exit(exit_code); });
  ::alarm(seconds);
}

/// Ends a job in which this rank alone has failed; the others may be waiting for it in a collective.
[[noreturn]] inline void abort_job(const std::string& command, const MpiCommunicator& host, const std::string& message,
                                   ExitCode code) {
  exit_at_the_latest(/*seconds=*/10, code);  // nobody watches it any more, and the disk of its log may hang
  const auto where = host.world_size() > 1 ? fmt::format("rank {} on {}: ", host.rank(), host_name()) : "";
  print_error(command, where + message);
  log_error(message);
  MpiEnvironment::abort(static_cast<int>(code));
}

/// The part of run_app() in which ranks can speak to each other.
template <class Parse, class Body>
ExitCode run_ranks(const std::string& command, MpiCommunicator& host, const Parse& parse, const Body& body) {
  start_logging(host.rank(), /*quiet=*/false);
  try {
    decltype(parse()) options;
    agree(host, [&] { options = parse(); });
    start_logging(host.rank(), options.quiet);
    return body(options, host);
  } catch (const AgreedError& error) {
    if (host.rank() == 0) print_error(command, error.what());
    log_error(error.what());
    return error.code();
  } catch (const Error& error) {
    abort_job(command, host, error.what(), error.code());
  } catch (const std::exception& error) {
    abort_job(command, host, message_of(error), ExitCode::kInternal);
  }
}

/// Answers a question about the program itself, without starting MPI, by one process.
inline ExitCode answer_question(const std::string& command, const std::string& answer) {
  try {
    if (launcher_rank() == 0) print_answer(answer);
    return ExitCode::kOk;
  } catch (const Error& error) {
    print_error(command, error.what());
    return error.code();
  }
}

/// Ends the job if it cannot be had on this rank: the others would wait for it.
inline std::unique_ptr<MpiCommunicator> communicator_of_all(const std::string& command) {
  try {
    return std::make_unique<MpiCommunicator>(MPI_COMM_WORLD);
  } catch (const Error& error) {
    print_error(command, error.what());
    MpiEnvironment::abort(static_cast<int>(error.code()));
  }
}

/// What the executables share: options in, one call, exit code out, and the one place that catches.
/// @param parse  Options(argc, argv), which may set `text_to_print` to answer --help and --version
/// @param body   ExitCode(const Options&, MpiCommunicator&)
template <class Parse, class Body>
int run_app(const std::string& command, int argc, char** argv, const Parse& parse, const Body& body) {
  keep_freed_memory();
  survive_lost_outputs();
  std::string answer;
  try {
    answer = parse(argc, argv).text_to_print;
  } catch (const std::exception&) {
    // Said below, once the ranks can agree who says it.
  }
  if (!answer.empty()) return static_cast<int>(answer_question(command, answer));
  try {
    MpiEnvironment environment(&argc, &argv);
    const auto host = communicator_of_all(command);
    return static_cast<int>(run_ranks(
        command, *host, [&] { return parse(argc, argv); }, body));
  } catch (const Error& error) {  // of MPI's start, before there were ranks to agree with
    print_error(command, error.what());
    return static_cast<int>(error.code());
  }
}

}  // namespace fer
