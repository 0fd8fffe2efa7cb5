#pragma once

#include <functional>
#include <string>

#include "base/exit_code.h"
#include "base/host_limits.h"
#include "comm/mpi_communicator.h"

namespace fer {

/// Each host's text, once; where hosts say the same, the text alone. Collective.
std::string by_host(MpiCommunicator& ranks, const std::string& text);

int count_hosts(MpiCommunicator& ranks);

/// Lines about what was looked at, each `what` and what there is of it, and the exit code that they come to. All of it
/// is collective.
class DoctorReport {
 public:
  explicit DoctorReport(MpiCommunicator& ranks) : ranks_(ranks) {}

  /// @param look  what to tell; an AgreedError says that it is not in order
  /// @return whether it is
  bool check(const std::string& what, const std::function<std::string()>& look);
  /// Tells what hosts offer, with advice as a warning, which is no error.
  /// @param find  may throw on some ranks alone
  void tell(const std::string& what, const std::function<Finding()>& find);

  /// Of the first thing that is not in order.
  ExitCode worst() const { return worst_; }

 private:
  bool attempt(const std::string& what, const std::function<void()>& work);

  MpiCommunicator& ranks_;
  ExitCode worst_ = ExitCode::kOk;
};

}  // namespace fer
