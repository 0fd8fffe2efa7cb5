#include "base/interface_choice.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <functional>

#include "base/text.h"

namespace fer {
namespace {

using Names = std::vector<std::string>;
using Interfaces = std::vector<NetworkInterface>;

Names names_where(const Interfaces& all, const std::function<bool(const NetworkInterface&)>& wanted) {
  Names names;
  for (const auto& each : all)
    if (wanted(each) && std::ranges::find(names, each.name) == names.end()) names.push_back(each.name);
  return names;
}

bool is_one_of(const std::string& name, const Names& names) {
  return std::ranges::find(names, name) != names.end();
}

bool begins_with_one_of(const std::string& name, const Names& beginnings) {
  return std::ranges::any_of(beginnings, [&](const auto& beginning) { return name.starts_with(beginning); });
}

Names entries_of(const std::string& list) {
  auto entries = split_text(list, ',');
  std::erase(entries, "");
  return entries;
}

/// @param network  as 10.1.0.0/16; anything else holds no address
bool holds(const std::string& network, const std::string& address) {
  const auto slash = network.find('/');
  in_addr base{}, one{};
  if (slash == std::string::npos || ::inet_pton(AF_INET, network.substr(0, slash).c_str(), &base) != 1 ||
      ::inet_pton(AF_INET, address.c_str(), &one) != 1)
    return false;
  const int bits = std::atoi(network.c_str() + slash + 1);
  return bits >= 1 && bits <= 32 && (ntohl(base.s_addr) ^ ntohl(one.s_addr)) >> (32 - bits) == 0;
}

/// The names of a list, and of the interfaces that are in its networks.
Names resolved(const Interfaces& all, const std::string& list) {
  Names names;
  for (const auto& entry : entries_of(list)) {
    if (std::isalpha(static_cast<unsigned char>(entry.front())) != 0) {
      names.push_back(entry);
      continue;
    }
    for (auto& name : names_where(all, [&](const auto& each) { return holds(entry, each.address); }))
      names.push_back(std::move(name));
  }
  return names;
}

Names those_of(const Interfaces& all, const Names& wanted) {
  return names_where(all, [&](const auto& each) { return is_one_of(each.name, wanted); });
}

}  // namespace

Names mpi_interfaces(const Interfaces& all, const std::string& include, const std::string& exclude) {
  if (!include.empty() && !exclude.empty()) return {};
  const auto every = names_where(all, [](const auto&) { return true; });
  const auto wanted = resolved(all, include);
  if (!std::ranges::all_of(wanted, [&](const auto& name) { return is_one_of(name, every); })) return {};
  if (!wanted.empty()) return those_of(all, wanted);
  const auto unwanted = resolved(all, exclude.empty() ? "127.0.0.1/8,sppp" : exclude);
  return names_where(all, [&](const auto& each) { return !begins_with_one_of(each.name, unwanted); });
}

Names mpirun_interfaces(const Interfaces& all, const std::string& include, const std::string& exclude) {
  if (const auto wanted = resolved(all, include); !wanted.empty()) return those_of(all, wanted);
  if (const auto unwanted = resolved(all, exclude); include.empty() && !unwanted.empty())
    return names_where(all, [&](const auto& each) { return !is_one_of(each.name, unwanted); });
  return names_where(all, [&](const auto& each) { return !each.loopback || all.size() == 1; });
}

Names nccl_interfaces(const Interfaces& all, const std::string& list) {
  if (list.size() <= 1) {  // which it does not heed
    for (const char* choice : {"ib", "^docker,lo,virbr", "docker", "lo", "virbr"})
      if (auto names = nccl_interfaces(all, choice); !names.empty()) return names;
    return {};
  }
  const bool others = list.front() == '^';
  const auto rest = list.substr(others ? 1 : 0);
  const bool whole = rest.starts_with('=');
  auto entries = entries_of(rest.substr(whole ? 1 : 0));
  for (auto& entry : entries) entry = entry.substr(0, entry.find(':'));  // behind which a port may stand
  return names_where(all, [&](const auto& each) {
    return (whole ? is_one_of(each.name, entries) : begins_with_one_of(each.name, entries)) != others;
  });
}

}  // namespace fer
