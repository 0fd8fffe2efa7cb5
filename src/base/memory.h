#pragma once

#include <cstdint>
#include <filesystem>

namespace fer {

/// Bytes that this process may still take: what the host has available, or less where a control group (of a container,
/// or of a Slurm job) sets a limit, version 1 or 2. Files that the kernel caches count as free. The largest number if
/// nothing is known.
/// @param root  where /proc and /sys are; tests have their own.
std::int64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace fer
