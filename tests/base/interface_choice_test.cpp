#include "base/interface_choice.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace fer {
namespace {

const std::vector<NetworkInterface> kHost = {
    {"lo", "127.0.0.1", true}, {"eth0", "10.1.0.1"}, {"eth1", "10.1.1.1"}, {"docker0", "172.17.0.1"}};

std::string by_mpi(const std::string& include, const std::string& exclude = "") {
  return join(mpi_interfaces(kHost, include, exclude), " ");
}

std::string by_mpirun(const std::string& include, const std::string& exclude = "") {
  return join(mpirun_interfaces(kHost, include, exclude), " ");
}

std::string by_nccl(const std::string& list, std::vector<NetworkInterface> host = kHost) {
  return join(nccl_interfaces(host, list), " ");
}

}  // namespace

// As Open MPI 4.1.4 did on bridges of these names and addresses, by what --mca btl_base_verbose 30 said.
TEST(InterfaceChoice, MpiLeavesOutTheLoopbackUnlessAnotherListIsGiven) {
  EXPECT_EQ(by_mpi(""), "eth0 eth1 docker0");
  EXPECT_EQ(by_mpi("", "docker0"), "lo eth0 eth1");
  EXPECT_EQ(by_mpi("", "lo,dock,eth1"), "eth0");  // beginnings of names
  EXPECT_EQ(by_mpi("", "127.0.0.0/8,10.1.0.0/16"), "docker0");
  EXPECT_EQ(by_mpi("", "lo,eth,docker"), "");
  EXPECT_EQ(join(mpi_interfaces({{"lo", "127.0.0.1", true}}, "", "")), "");
}

TEST(InterfaceChoice, MpiWantsAllNamesThatItIsGiven) {
  EXPECT_EQ(by_mpi("eth1,docker0"), "eth1 docker0");
  EXPECT_EQ(by_mpi("eth1,,"), "eth1");
  EXPECT_EQ(by_mpi("eth"), "");
  EXPECT_EQ(by_mpi("eth0,nothing"), "");
  EXPECT_EQ(by_mpi("eth0", "docker0"), "");
}

TEST(InterfaceChoice, MpiPassesOverNetworksThatNoInterfaceIsIn) {
  EXPECT_EQ(by_mpi("10.1.0.0/16"), "eth0 eth1");
  EXPECT_EQ(by_mpi("10.1.0.7/24"), "eth0");
  EXPECT_EQ(by_mpi("eth0,192.168.0.0/16"), "eth0");
  for (const char* nowhere : {"192.168.0.0/16", "10.1.1.1", "10.1.0.0/0", "10.1.0.0/99", "10.1/16"})
    EXPECT_EQ(by_mpi(nowhere), "eth0 eth1 docker0") << nowhere;
}

TEST(InterfaceChoice, MpirunTakesWholeNamesAndThoseThatAreThere) {
  EXPECT_EQ(by_mpirun(""), "eth0 eth1 docker0");
  EXPECT_EQ(join(mpirun_interfaces({{"lo", "127.0.0.1", true}}, "", "")), "lo");
  EXPECT_EQ(by_mpirun("nothing"), "");
  EXPECT_EQ(by_mpirun("eth0,nothing"), "eth0");
  EXPECT_EQ(by_mpirun("10.1.0.0/16"), "eth0 eth1");
  EXPECT_EQ(by_mpirun("10.1.1.1"), "eth0 eth1 docker0");
  EXPECT_EQ(by_mpirun("", "eth"), "lo eth0 eth1 docker0");
  EXPECT_EQ(by_mpirun("", "eth0"), "lo eth1 docker0");
  EXPECT_EQ(by_mpirun("eth1", "eth1"), "eth1");
}

TEST(InterfaceChoice, NcclTakesBeginningsWholeNamesOrAllOthers) {
  EXPECT_EQ(by_nccl("eth"), "eth0 eth1");
  EXPECT_EQ(by_nccl("eth1:9000,dock"), "eth1 docker0");
  EXPECT_EQ(by_nccl("=eth"), "");
  EXPECT_EQ(by_nccl("=eth0,docker0"), "eth0 docker0");
  EXPECT_EQ(by_nccl("^eth"), "lo docker0");
  EXPECT_EQ(by_nccl("^=lo,eth"), "eth0 eth1 docker0");
}

TEST(InterfaceChoice, NcclPrefersInfiniBandAndAvoidsBridgesThatItKnows) {
  std::vector<NetworkInterface> host = kHost;
  EXPECT_EQ(by_nccl(""), "eth0 eth1");
  EXPECT_EQ(by_nccl("e"), "eth0 eth1");  // too short to be heeded
  host.push_back({"br-4f2a", "172.18.0.1"});
  EXPECT_EQ(by_nccl("", host), "eth0 eth1 br-4f2a");
  host.push_back({"ib0", "10.2.0.1"});
  EXPECT_EQ(by_nccl("", host), "ib0");
  EXPECT_EQ(by_nccl("", {{"lo", "127.0.0.1", true}, {"docker0", "172.17.0.1"}}), "docker0");
  EXPECT_EQ(by_nccl("", {{"lo", "127.0.0.1", true}, {"virbr0", "192.168.122.1"}}), "lo");
  EXPECT_EQ(by_nccl("", {}), "");
}

TEST(InterfaceChoice, AnInterfaceOfTwoAddressesIsNamedOnce) {
  const std::vector<NetworkInterface> host = {{"eth0", "10.1.0.1"}, {"eth0", "10.1.0.2"}};
  EXPECT_EQ(join(mpi_interfaces(host, "", "")), "eth0");
  EXPECT_EQ(by_nccl("", host), "eth0");
}

}  // namespace fer
