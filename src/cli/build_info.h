#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace fer {

/// Versions of the program and of the libraries it runs with.
nlohmann::json build_info();

/// The same as lines for --version.
std::string version_text(const std::string& command);

}  // namespace fer
