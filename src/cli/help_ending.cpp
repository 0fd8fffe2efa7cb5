#include "cli/help_ending.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace fer {
namespace {

const char* meaning_of(ExitCode code) {
  switch (code) {
    case ExitCode::kOk:
      return "all is done";
    case ExitCode::kUsage:
      return "wrong options or configuration, or what they ask for cannot be had";
    case ExitCode::kNonFinite:
      return "training went non-finite";
    case ExitCode::kBadInput:
      return "bad or missing dataset, checkpoint or input file, which the message names";
    case ExitCode::kInternal:
      return "any other error";
    case ExitCode::kIo:
      return "disk full, no permission, I/O error while writing, or too little memory";
    case ExitCode::kPreempted:
      return "a signal asked to stop, and the run has saved: --resume auto goes on";
    case ExitCode::kPeer:
      return "a rank died, hung, or disagreed with the others";
  }
  fail("an exit code has no meaning");
}

}  // namespace

std::pair<std::string, std::string> threads_variable() {
  return {"OMP_NUM_THREADS", "threads per rank, where --threads does not say"};
}

std::string to_text(const HelpEnding& ending) {
  std::string text = "\nExit codes:\n";
  for (const auto code : ending.codes) text += fmt::format("  {:<2}  {}\n", static_cast<int>(code), meaning_of(code));
  if (!ending.variables.empty()) text += "\nEnvironment:\n";
  std::size_t width = 0;
  for (const auto& [name, what_for] : ending.variables) width = std::max(width, name.size());
  for (const auto& [name, what_for] : ending.variables) text += fmt::format("  {:<{}}  {}\n", name, width, what_for);
  text += "\nExamples:\n";
  for (const auto& example : ending.examples) text += fmt::format("  {}\n", example);
  return text;
}

}  // namespace fer
