#pragma once

namespace fer {

/// What a process tells the shell, the launcher and the batch system; the numbers are a promise to users.
enum class ExitCode : int {
  kOk = 0,
  kUsage = 2,       // wrong options or configuration
  kNonFinite = 3,   // training went non-finite
  kBadInput = 65,   // bad or missing dataset, checkpoint or input file
  kInternal = 70,   // any other error of ours
  kIo = 74,         // disk full, no permission, or an I/O error while writing
  kPreempted = 75,  // stopped by a signal after saving
  kPeer = 76,       // a peer died, hung or disagreed
};

}  // namespace fer
