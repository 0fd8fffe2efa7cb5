#pragma once

#include <chrono>
#include <filesystem>

namespace fer {

/// Keeps other processes from going on with the run of a folder for as long as this exists, or its process does. It is
/// a lock of the folder itself, so nothing is left behind. Where folders cannot be locked, as by NFS, it keeps nobody.
class RunHold {
 public:
  /// Waits for the process that holds the folder, and says so: behind the loss of a host, a file system may take
  /// minutes to free what that had locked.
  /// @throws Error (kUsage) if the folder is still held then, (kIo).
  RunHold(const std::filesystem::path& folder, std::chrono::seconds patience);
  RunHold(const RunHold&) = delete;
  RunHold& operator=(const RunHold&) = delete;
  ~RunHold();

 private:
  int descriptor_;
};

}  // namespace fer
