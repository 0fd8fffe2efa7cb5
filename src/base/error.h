#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/exit_code.h"

namespace fer {

/// The one exception of the project. `what()` is a paragraph for the user: what was wrong, where, what to do.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message, std::source_location where)
      : std::runtime_error(message), code_(code), where_(where) {}

  ExitCode code() const { return code_; }
  /// The line of source that noticed; goes to the log, not to the user.
  const std::source_location& where() const { return where_; }

 private:
  ExitCode code_;
  std::source_location where_;
};

[[noreturn]] inline void fail(ExitCode code, const std::string& message,
                              std::source_location where = std::source_location::current()) {
  throw Error(code, message, where);
}

/// An error of ours: something that should never happen. The user gets file and line, since nobody else can tell.
[[noreturn]] inline void fail(const std::string& message,
                              std::source_location where = std::source_location::current()) {
  const std::string_view file = where.file_name();
  const auto name = file.substr(file.find_last_of('/') + 1);
  throw Error(ExitCode::kInternal, message + " (" + std::string(name) + ":" + std::to_string(where.line()) + ")",
              where);
}

inline void require(bool condition, ExitCode code, const std::string& message,
                    std::source_location where = std::source_location::current()) {
  if (!condition) fail(code, message, where);
}

inline void require(bool condition, const std::string& message,
                    std::source_location where = std::source_location::current()) {
  if (!condition) fail(message, where);
}

}  // namespace fer
