#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace fer {

/// What a host offers of something that a run may need.
struct Finding {
  std::string text;    // what is there, as part of a line
  std::string advice;  // why that is too little and what to do, in sentences; empty where it will do
};

/// Room in the folder of files in memory, through which MPI, and NCCL, carry messages between the ranks of a host; what
/// our own ranks share takes none of it.
/// @param wanted  bytes that the ranks of this host may take of it
Finding find_shared_memory(std::int64_t wanted, const std::filesystem::path& folder = "/dev/shm");

/// Memory that this process may lock in its place, which only InfiniBand needs.
/// @param root  where /sys is; tests have their own.
Finding find_lockable_memory(const std::filesystem::path& root = "/");

/// Files and connections that this process may have open.
Finding find_open_files(std::int64_t wanted);

/// Free space on the disk of a folder, also in checkpoints of `checkpoint_bytes`, as those of `recipe`. @throws Error
/// (kIo) if the system does not tell.
Finding find_space(const std::filesystem::path& folder, const std::string& recipe, std::int64_t checkpoint_bytes);

/// Whether files of a folder can be locked, and what HDF5 does about it in programs that leave it the choice.
/// @param hdf5_locking  HDF5_USE_FILE_LOCKING; empty: not set
/// @throws Error (kIo) if no file can be made there.
Finding find_file_locks(const std::filesystem::path& folder, const std::string& hdf5_locking);

}  // namespace fer
