#pragma once

#include <cstdint>
#include <functional>

namespace fer {

/// Calls work(thread) for each thread in [0, threads), all at once, on the threads of OpenMP, which torch uses too, and
/// returns when all have ended. Inside of another such call, or with one thread, it runs on the caller's.
/// @throws what a thread threw; of several the one of the lowest number
void run_on_threads(int threads, const std::function<void(int thread)>& work);

/// Cuts [0, count) into a part for each thread, as equal as can be, and calls work(begin, end, thread) for those that
/// are not empty: which thread takes what depends on these numbers alone.
void parallel_for(int threads, std::int64_t count,
                  const std::function<void(std::int64_t begin, std::int64_t end, int thread)>& work);

}  // namespace fer
