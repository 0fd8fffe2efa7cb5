#pragma once

#include <string>

namespace fer {

struct DoctorOptions {
  bool all_reduce = false;  // time it instead of checking
  std::string folder = ".";
  std::string out;  // file; empty: standard output
  std::string device = "auto";
  std::string backend = "auto";
  bool quiet = false;
  std::string text_to_print;  // the answer to --help or --version
};

/// @throws Error (kUsage).
DoctorOptions parse_doctor_options(int argc, const char* const* argv);

}  // namespace fer
