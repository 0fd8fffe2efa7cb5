#pragma once

#include <mpi.h>

#include <source_location>
#include <string>

#include "base/error.h"

namespace fer {

/// Turns a status of MPI into an Error. It is reached only for communicators that carry MPI_ERRORS_RETURN: MPI's
/// default handler ends the process before any status is returned.
inline void check_mpi(int status, std::source_location where = std::source_location::current()) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(status, text, &length);
  fail(ExitCode::kPeer, "MPI failed: " + std::string(text, static_cast<std::size_t>(length)) + ".", where);
}

}  // namespace fer
