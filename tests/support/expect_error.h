#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace fer {

/// Expects that `work` throws an Error of `code` whose text holds each of `parts`.
template <class Work>
void expect_error(ExitCode code, const std::vector<std::string>& parts, const Work& work) {
  try {
    work();
    ADD_FAILURE() << "no error was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    for (const auto& part : parts) EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace fer
