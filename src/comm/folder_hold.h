#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace fer {

/// Keeps other processes from working in a folder for as long as this exists, or its process does. It is a lock of the
/// folder itself, so nothing is left behind, also where a host is lost. NFS and Lustre know folders' locks of the same
/// host only.
class FolderHold {
 public:
  /// Makes the folder if there is none; one that is still empty in the end is removed then. Waits for the process that
  /// holds it, and says so.
  /// @param work  what is done there, as the others will be told: "is training in"
  /// @throws Error (kUsage) if it is still held then, (kPreempted) if a signal asks this process to stop, (kIo).
  FolderHold(std::filesystem::path folder, const std::string& work, std::chrono::seconds patience);
  FolderHold(const FolderHold&) = delete;
  FolderHold& operator=(const FolderHold&) = delete;
  ~FolderHold();

 private:
  std::filesystem::path folder_;
  bool made_;
  int descriptor_;
};

}  // namespace fer
