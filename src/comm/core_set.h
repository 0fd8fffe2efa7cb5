#pragma once

#include <sched.h>

#include <array>

#include "base/error.h"

namespace fer {

/// Cores of a host. The system refuses a set for fewer than it could have: one cpu_set_t has 1,024.
using CoreSet = std::array<cpu_set_t, 8>;

inline int count(const CoreSet& cores) {
  return CPU_COUNT_S(sizeof(cores), cores.data());
}

/// Those that the launcher and the container leave to this process.
inline CoreSet allowed_cores() {
  CoreSet cores{};
  require(::sched_getaffinity(0, sizeof(cores), cores.data()) == 0,
          "the system does not say which cores this process may use");
  return cores;
}

}  // namespace fer
