#pragma once

#include <cstddef>
#include <mutex>
#include <string_view>

namespace fer {

/// What became of a text that was given to a descriptor.
struct Written {
  std::size_t bytes = 0;  // that it took
  int error = 0;          // errno of why it took no more; 0 if it took all
};

Written write_to(int descriptor, std::string_view text) noexcept;

/// Draws a line at the end of standard output, a terminal, in the place of the one that was drawn there before.
void draw_live_line(std::string_view text);
/// Leaves nothing of it.
void wipe_live_line();

/// As long as it lives, plain lines can be written: a live line has given way, and none is drawn.
class PlainOutput {
 public:
  PlainOutput();

 private:
  std::lock_guard<std::mutex> alone_;
};

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
