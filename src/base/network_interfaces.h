#pragma once

#include <string>

namespace fer {

/// Interfaces with an IPv4 address, but for the loopback: "eth0 10.0.0.7, ib0 10.1.0.7".
/// @throws Error (kInternal) if the system does not tell.
std::string describe_network();

}  // namespace fer
