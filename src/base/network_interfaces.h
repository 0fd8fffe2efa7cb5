#pragma once

#include <string>
#include <vector>

namespace fer {

struct NetworkInterface {
  std::string name;
  std::string address;  // IPv4
  bool loopback = false;
};

/// Those that are up and have an IPv4 address; none where the system does not tell.
std::vector<NetworkInterface> network_interfaces();

}  // namespace fer
