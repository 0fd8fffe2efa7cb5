#pragma once

#include <cstddef>
#include <string_view>

namespace fer {

/// What became of a text that was given to a descriptor.
struct Written {
  std::size_t bytes = 0;  // that it took
  int error = 0;          // errno of why it took no more; 0 if it took all
};

Written write_to(int descriptor, std::string_view text) noexcept;

/// From here on a reader that has gone, and a limit on the size of files (ulimit -f), are errors of write() rather than
/// signals that end the process. A standard descriptor that was closed refuses everything, rather than becoming the
/// next file that is opened, into which the log would then be written.
void survive_lost_outputs();

/// What the user asked for, on standard output. A reader that has gone, as `head` has, wanted no more.
/// @throws Error (kIo) if not all of it found room.
void print_answer(std::string_view text);

/// For standard error, heard or not.
void say_error(std::string_view text) noexcept;

}  // namespace fer
