#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace fer {

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Calls `read`, which may refuse what it is given, as a mistake of the user. Whatever else it throws is a finding, and
/// so is a require() that does not hold.
/// @return whether it did not refuse
template <class Read>
bool is_read(const Read& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    if (error.code() != ExitCode::kBadInput && error.code() != ExitCode::kUsage) throw;
    return false;
  }
}

}  // namespace fer
