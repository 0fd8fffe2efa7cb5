#pragma once

#include <functional>

#include "base/error.h"
#include "comm/communicator.h"

namespace fer {

/// An Error that every rank has thrown at the same place with the same text, so that one of them may print it and all
/// of them may leave in good order.
class AgreedError : public Error {
 public:
  using Error::Error;
};

/// For a finding that every rank makes alike, from values they share. Collective in effect: all ranks call it or none.
[[noreturn]] void fail_together(ExitCode code, const std::string& message,
                                std::source_location where = std::source_location::current());

inline void require_together(bool condition, ExitCode code, const std::string& message,
                             std::source_location where = std::source_location::current()) {
  if (!condition) fail_together(code, message, where);
}

/// Runs `work` on every rank, then lets all ranks go on, or all of them fail: with the failing rank's code and text,
/// and with rank and host named where not all ranks failed alike. For work that is not itself collective, such as
/// opening files. Collective.
/// @throws AgreedError on every rank, if `work` failed on any.
void agree(Communicator& communicator, const std::function<void()>& work);

/// Whether `here` is true on every rank. Collective.
bool true_everywhere(Communicator& communicator, bool here);

/// Whether a text is the same on all ranks. Collective.
bool same_everywhere(Communicator& communicator, const std::string& value);

/// Checks that a text is the same on all ranks. Collective. @throws AgreedError (kPeer) naming both values, ranks and
/// hosts.
void require_same(Communicator& communicator, const std::string& what, const std::string& value);

/// The same for a text of `key = value` lines; names the first line that differs.
void require_same_lines(Communicator& communicator, const std::string& what, const std::string& lines);

/// What an exception says to a user: LibTorch's without its stack of frames.
std::string message_of(const std::exception& error);

/// Name of this host.
std::string host_name();

}  // namespace fer
