#pragma once

#include <chrono>
#include <filesystem>

namespace fer {

/// Keeps other processes from training in a folder for as long as this exists, or its process does. It is a lock of the
/// folder itself, so nothing is left behind, also where a host is lost. NFS and Lustre know folders' locks of the same
/// host only.
class RunHold {
 public:
  /// Makes the folder if there is none; one that is still empty in the end is removed then. Waits for the process that
  /// holds it, and says so.
  /// @throws Error (kUsage) if it is still held then, (kPreempted) if a signal asks this process to stop, (kIo).
  RunHold(std::filesystem::path folder, std::chrono::seconds patience);
  RunHold(const RunHold&) = delete;
  RunHold& operator=(const RunHold&) = delete;
  ~RunHold();

 private:
  std::filesystem::path folder_;
  bool made_;
  int descriptor_;
};

}  // namespace fer
