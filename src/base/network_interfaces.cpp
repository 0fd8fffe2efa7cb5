#include "base/network_interfaces.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace fer {

std::string describe_network() {
  ifaddrs* all = nullptr;
  require(::getifaddrs(&all) == 0, ExitCode::kInternal, "the system does not tell its network interfaces.");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, ::freeifaddrs);
  std::vector<std::string> names;
  for (const auto* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    char address[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, address, sizeof(address));
    names.push_back(fmt::format("{} {}", each->ifa_name, address));
  }
  return names.empty() ? "no interface but the loopback" : join(names);
}

}  // namespace fer
