#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/exit_code.h"

namespace fer {

/// The last part of a command's --help, behind its options.
struct HelpEnding {
  std::vector<ExitCode> codes;                                 // that it may leave with
  std::vector<std::pair<std::string, std::string>> variables;  // of the environment that it reads, and what for
  std::vector<std::string> examples;
};

/// `OMP_NUM_THREADS`, which most commands read.
std::pair<std::string, std::string> threads_variable();

/// As text of at most 100 columns, each part under a caption as groups of options have it.
std::string to_text(const HelpEnding& ending);

}  // namespace fer
