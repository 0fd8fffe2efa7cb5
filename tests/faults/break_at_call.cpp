// Preloaded into a program, ends it by SIGKILL ahead of a call on what it saves, or has that call fail, counted over
// all of its threads: strace, which counts for each thread, would hardly meet one that lives for one save alone.
//   BREAK_FOLDER  of the run, or one file of it; its log/ is left out
//   BREAK_CALL    which call of open (for writing, or a folder), write, fsync, close, rename, renameat2, link and
//   unlink,
//                 from 1. 0: none; their number is added to BREAK_FOLDER.calls
//   BREAK_ERRNO   what that call, and it alone, fails with; none: SIGKILL
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::atomic<long> calls = 0;
std::array<std::atomic<bool>, 4096> watched{};  // descriptors

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_saved(std::string_view path) {
  static const char* const folder = std::getenv("BREAK_FOLDER");
  return folder != nullptr && path.starts_with(folder) &&
         !path.substr(std::string_view(folder).size()).starts_with("/log");
}

void watch(int descriptor, bool watches) {
  if (descriptor >= 0 && descriptor < static_cast<int>(watched.size()))
    watched[static_cast<std::size_t>(descriptor)] = watches;
}

bool is_watched(int descriptor) {
  return descriptor >= 0 && descriptor < static_cast<int>(watched.size()) &&
         watched[static_cast<std::size_t>(descriptor)];
}

long setting(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? 0 : std::strtol(text, nullptr, 10);
}

/// Counts a call, and ends the process ahead of the one that is asked for.
/// @return whether this call is to fail, with errno set
bool fails() {
  static const long wanted = setting("BREAK_CALL"), error = setting("BREAK_ERRNO");
  if (++calls != wanted) return false;
  if (error == 0) ::kill(::getpid(), SIGKILL);
  errno = static_cast<int>(error);
  return true;
}

struct Report {
  ~Report() {
    const char* const folder = std::getenv("BREAK_FOLDER");
    if (folder == nullptr || setting("BREAK_CALL") != 0 || calls == 0) return;
    if (std::FILE* file = std::fopen((std::string(folder) + ".calls").c_str(), "a")) {
      std::fprintf(file, "%ld\n", calls.load());
      std::fclose(file);
    }
  }
} report;  // at the end of the process

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : mode_t{0};
  va_end(arguments);
  const bool counts = is_saved(path) && (flags & (O_ACCMODE | O_DIRECTORY)) != 0;
  if (counts && fails()) return -1;
  const int descriptor = next<int(const char*, int, ...)>("open")(path, flags, mode);
  watch(descriptor, counts);
  return descriptor;
}

ssize_t write(int descriptor, const void* bytes, std::size_t size) {
  static auto* const real = next<ssize_t(int, const void*, std::size_t)>("write");
  return is_watched(descriptor) && fails() ? -1 : real(descriptor, bytes, size);
}

int fsync(int descriptor) {
  return is_watched(descriptor) && fails() ? -1 : next<int(int)>("fsync")(descriptor);
}

int close(int descriptor) {
  static auto* const real = next<int(int)>("close");
  const bool broken = is_watched(descriptor) && fails();
  const int error = errno;
  watch(descriptor, false);
  const int status = real(descriptor);  // it is closed either way
  if (!broken) return status;
  errno = error;
  return -1;
}

int rename(const char* from, const char* to) noexcept {
  return is_saved(to) && fails() ? -1 : next<int(const char*, const char*)>("rename")(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  if (is_saved(to) && fails()) return -1;
  return next<int(int, const char*, int, const char*, unsigned)>("renameat2")(from_folder, from, to_folder, to, flags);
}

int link(const char* from, const char* to) noexcept {
  return is_saved(to) && fails() ? -1 : next<int(const char*, const char*)>("link")(from, to);
}

int unlink(const char* path) noexcept {
  return is_saved(path) && fails() ? -1 : next<int(const char*)>("unlink")(path);
}

}  // extern "C"
