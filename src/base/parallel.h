#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace fer {

/// Calls `item(i)` for i in 0 .. count-1 on `threads` threads, the caller's among them. The first exception keeps the
/// others from starting further items, and is thrown to the caller.
template <class Item>
void for_each_index(std::int64_t count, int threads, const Item& item) {
  std::atomic<std::int64_t> next = 0;
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&] {
    for (auto i = next++; i < count; i = next++) {
      try {
        item(i);
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace fer
