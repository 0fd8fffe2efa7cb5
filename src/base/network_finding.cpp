#include "base/network_finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/interface_choice.h"
#include "base/text.h"

namespace fer {
namespace {

using Names = std::vector<std::string>;
using Interfaces = std::vector<NetworkInterface>;

constexpr const char* kMpiInclude = "OMPI_MCA_btl_tcp_if_include";
constexpr const char* kMpiExclude = "OMPI_MCA_btl_tcp_if_exclude";
constexpr const char* kMpirunInclude = "OMPI_MCA_oob_tcp_if_include";
constexpr const char* kMpirunExclude = "OMPI_MCA_oob_tcp_if_exclude";
constexpr const char* kNcclInclude = "NCCL_SOCKET_IFNAME";

struct Setting {
  std::string variable, value;
};

/// Whose messages take which interfaces, and by what that can be set.
struct Choice {
  std::string who;
  Names taken;
  Setting include, exclude;
};

std::vector<Choice> choices(const Interfaces& all, const NetworkSettings& set, bool nccl) {
  std::vector<Choice> choices = {{"MPI",
                                  mpi_interfaces(all, set.mpi_include, set.mpi_exclude),
                                  {kMpiInclude, set.mpi_include},
                                  {kMpiExclude, set.mpi_exclude}},
                                 {"mpirun",
                                  mpirun_interfaces(all, set.mpirun_include, set.mpirun_exclude),
                                  {kMpirunInclude, set.mpirun_include},
                                  {kMpirunExclude, set.mpirun_exclude}}};
  if (nccl) choices.push_back({"NCCL", nccl_interfaces(all, set.nccl), {kNcclInclude, set.nccl}, {}});
  return choices;
}

/// "MPI, mpirun by TCP: eth0; NCCL by TCP: ib0"
std::string describe(const std::vector<Choice>& choices) {
  struct Group {
    Names taken, who;
  };
  std::vector<Group> groups;
  for (const auto& choice : choices) {
    const auto same = std::ranges::find(groups, choice.taken, &Group::taken);
    if (same == groups.end())
      groups.push_back({choice.taken, {choice.who}});
    else
      same->who.push_back(choice.who);
  }
  Names texts;
  for (const auto& group : groups)
    texts.push_back(fmt::format("{} by TCP: {}", join(group.who), group.taken.empty() ? "none" : join(group.taken)));
  return join(texts, "; ");
}

/// The loopback, and bridges to containers and virtual machines, which may have the same address on every host.
Names dead_ends_of(const Interfaces& all, const Names& taken) {
  Names dead_ends;
  for (const auto& each : all) {
    bool dead = each.loopback;
    for (const char* bridge : {"docker", "br-", "virbr", "podman", "lxcbr", "lxdbr"})
      dead = dead || each.name.starts_with(bridge);
    if (dead && std::ranges::find(taken, each.name) != taken.end()) dead_ends.push_back(each.name);
  }
  return dead_ends;
}

std::string text_of(const Setting& setting) {
  return setting.variable + "=" + setting.value;
}

std::string advice_on_none(const Choice& choice) {
  const auto& [who, taken, include, exclude] = choice;
  if (!include.value.empty() && !exclude.value.empty())
    return fmt::format("{} and {} leave {} none of this host's interfaces: set one of the two alone.", text_of(include),
                       text_of(exclude), who);
  return fmt::format("{} leaves {} none of this host's interfaces: change it, or leave it out.",
                     text_of(include.value.empty() ? exclude : include), who);
}

std::string advice_on_dead_ends(const Choice& choice, const Names& dead_ends) {
  auto cure = choice.exclude;
  if (!cure.value.empty()) {
    cure.value = fmt::format("{},{}", cure.value, join(dead_ends, ","));
  } else {
    auto others = choice.taken;
    std::erase_if(others, [&](const auto& name) { return std::ranges::find(dead_ends, name) != dead_ends.end(); });
    cure = {choice.include.variable, others.empty() ? "..." : join(others, ",")};
  }
  return fmt::format("{} may take {}, which reaches no other host: set {}.", choice.who, join(dead_ends),
                     text_of(cure));
}

/// Empty where the choice will do.
std::string advice_on(const Choice& choice, const Interfaces& all, bool several_hosts) {
  const bool is_set = !choice.include.value.empty() || !choice.exclude.value.empty();
  if (choice.taken.empty()) return is_set ? advice_on_none(choice) : "";
  const auto dead_ends = dead_ends_of(all, choice.taken);
  return several_hosts && !dead_ends.empty() ? advice_on_dead_ends(choice, dead_ends) : "";
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

NetworkSettings network_settings() {
  return {environment(kMpiInclude), environment(kMpiExclude), environment(kMpirunInclude), environment(kMpirunExclude),
          environment(kNcclInclude)};
}

Finding find_network(const Interfaces& all, const NetworkSettings& settings, bool nccl, bool several_hosts) {
  if (all.empty()) return {"the system tells of no interface", ""};
  Names told, advice;
  for (const auto& each : all)
    if (!each.loopback) told.push_back(each.name + " " + each.address);
  const auto made = choices(all, settings, nccl);
  for (const auto& choice : made)
    if (auto text = advice_on(choice, all, several_hosts); !text.empty()) advice.push_back(std::move(text));
  return {(told.empty() ? "no interface but the loopback" : join(told)) + "; " + describe(made), join(advice, " ")};
}

}  // namespace fer
