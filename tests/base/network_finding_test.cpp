#include "base/network_finding.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace fer {
namespace {

const std::vector<NetworkInterface> kHost = {
    {"lo", "127.0.0.1", true}, {"eth0", "10.1.0.1"}, {"docker0", "172.17.0.1"}};
constexpr bool kNccl = true, kSeveralHosts = true;

}  // namespace

TEST(NetworkFinding, TellsWhoTakesWhat) {
  EXPECT_EQ(find_network(kHost, {}, !kNccl, !kSeveralHosts).text,
            "eth0 10.1.0.1, docker0 172.17.0.1; MPI, mpirun by TCP: eth0, docker0");
  EXPECT_EQ(find_network(kHost, {}, kNccl, !kSeveralHosts).text,
            "eth0 10.1.0.1, docker0 172.17.0.1; MPI, mpirun by TCP: eth0, docker0; NCCL by TCP: eth0");
  EXPECT_EQ(find_network({{"lo", "127.0.0.1", true}}, {}, !kNccl, !kSeveralHosts).text,
            "no interface but the loopback; MPI by TCP: none; mpirun by TCP: lo");
  EXPECT_EQ(find_network({}, {}, kNccl, kSeveralHosts).text, "the system tells of no interface");
}

TEST(NetworkFinding, OneHostMayHaveWhatItLikes) {
  EXPECT_EQ(find_network(kHost, {}, kNccl, !kSeveralHosts).advice, "");
  EXPECT_EQ(find_network({{"lo", "127.0.0.1", true}}, {}, kNccl, !kSeveralHosts).advice, "");
  EXPECT_EQ(find_network({}, {}, kNccl, !kSeveralHosts).advice, "");
}

TEST(NetworkFinding, ASettingThatLeavesNoneIsAdvisedAgainst) {
  EXPECT_EQ(find_network(kHost, {.mpi_include = "eth7"}, !kNccl, !kSeveralHosts).advice,
            "OMPI_MCA_btl_tcp_if_include=eth7 leaves MPI none of this host's interfaces: change it, or leave it out.");
  EXPECT_EQ(find_network(kHost, {.mpi_exclude = "lo,eth,docker"}, !kNccl, !kSeveralHosts).advice,
            "OMPI_MCA_btl_tcp_if_exclude=lo,eth,docker leaves MPI none of this host's interfaces: change it, or leave "
            "it out.");
  EXPECT_EQ(find_network(kHost, {.mpi_include = "eth0", .mpi_exclude = "lo"}, !kNccl, !kSeveralHosts).advice,
            "OMPI_MCA_btl_tcp_if_include=eth0 and OMPI_MCA_btl_tcp_if_exclude=lo leave MPI none of this host's "
            "interfaces: set one of the two alone.");
  EXPECT_EQ(find_network(kHost, {.mpirun_include = "eth7"}, !kNccl, !kSeveralHosts).advice,
            "OMPI_MCA_oob_tcp_if_include=eth7 leaves mpirun none of this host's interfaces: change it, or leave it "
            "out.");
  EXPECT_EQ(find_network(kHost, {.nccl = "=eth"}, kNccl, !kSeveralHosts).advice,
            "NCCL_SOCKET_IFNAME==eth leaves NCCL none of this host's interfaces: change it, or leave it out.");
  EXPECT_EQ(find_network(kHost, {.nccl = "=eth"}, !kNccl, !kSeveralHosts).advice, "");
}

TEST(NetworkFinding, BetweenHostsABridgeIsAdvisedAgainst) {
  EXPECT_EQ(find_network(kHost, {}, kNccl, kSeveralHosts).advice,
            "MPI may take docker0, which reaches no other host: set OMPI_MCA_btl_tcp_if_include=eth0. mpirun may take "
            "docker0, which reaches no other host: set OMPI_MCA_oob_tcp_if_include=eth0.");
  EXPECT_EQ(find_network(kHost, {"eth0", "", "eth0", "", ""}, kNccl, kSeveralHosts).advice, "");
  EXPECT_EQ(find_network(kHost, {"", "docker0", "eth0", "", ""}, kNccl, kSeveralHosts).advice,
            "MPI may take lo, which reaches no other host: set OMPI_MCA_btl_tcp_if_exclude=docker0,lo.");
  const std::vector<NetworkInterface> bridged = {{"eth0", "10.1.0.1"}, {"br-4f2a", "172.18.0.1"}};
  EXPECT_EQ(find_network(bridged, {"eth0", "", "eth0", "", ""}, kNccl, kSeveralHosts).advice,
            "NCCL may take br-4f2a, which reaches no other host: set NCCL_SOCKET_IFNAME=eth0.");
  EXPECT_EQ(find_network({{"virbr0", "192.168.122.1"}}, {"virbr0", "", "virbr0", "", "virbr"}, kNccl, kSeveralHosts)
                .advice.find("MPI may take virbr0, which reaches no other host: set OMPI_MCA_btl_tcp_if_include=...."),
            0U);
}

TEST(NetworkFinding, TheLoopbackOfThisHostIsFound) {
  const auto interfaces = network_interfaces();
  for (const auto& each : interfaces) EXPECT_EQ(each.loopback, each.address.starts_with("127.")) << each.name;
  ::setenv("OMPI_MCA_btl_tcp_if_exclude", "lo,docker0", 1);
  ::setenv("NCCL_SOCKET_IFNAME", "^docker", 1);
  EXPECT_EQ(network_settings().mpi_exclude, "lo,docker0");
  EXPECT_EQ(network_settings().nccl, "^docker");
  ::unsetenv("OMPI_MCA_btl_tcp_if_exclude");
  ::unsetenv("NCCL_SOCKET_IFNAME");
  EXPECT_EQ(network_settings().mpi_exclude, "");
}

}  // namespace fer
