#pragma once

#include <malloc.h>

#include <climits>

namespace fer {

/// Keeps freed memory in the process. By default glibc maps each large tensor anew and unmaps it when it is freed, so a
/// training step spends a third of its time in page faults. To be called first in main.
inline void keep_freed_memory() {
  constexpr int kGigabyte = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kGigabyte);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, kGigabyte / 16);
}

}  // namespace fer
