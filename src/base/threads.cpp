#include "base/threads.h"

#include <omp.h>

#include <algorithm>
#include <exception>
#include <vector>

namespace fer {

void run_on_threads(int threads, const std::function<void(int thread)>& work) {
  if (threads <= 1 || omp_in_parallel() != 0) {
    for (int thread = 0; thread < threads; ++thread) work(thread);
    return;
  }
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(threads));
#pragma omp parallel for schedule(static, 1) num_threads(threads)
  for (int thread = 0; thread < threads; ++thread) {
    try {
      work(thread);
    } catch (...) {
      errors[static_cast<std::size_t>(thread)] = std::current_exception();
    }
  }
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
}

void parallel_for(int threads, std::int64_t count,
                  const std::function<void(std::int64_t begin, std::int64_t end, int thread)>& work) {
  const int parts = static_cast<int>(std::clamp<std::int64_t>(count, 0, threads));
  run_on_threads(parts, [&](int part) { work(count * part / parts, count * (part + 1) / parts, part); });
}

}  // namespace fer
