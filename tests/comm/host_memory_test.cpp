#include "comm/host_memory.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/agreement.h"

namespace fer {

TEST(HostMemory, WhatOneRankWritesAllRanksOfItsHostRead) {
  MpiCommunicator world(MPI_COMM_WORLD);
  constexpr std::int64_t kPerRank = 100'000;
  HostMemory memory = make_host_memory(kPerRank * world.local_size(), world);
  EXPECT_TRUE(memory.shared);
  EXPECT_EQ(memory.bytes.sum().item<std::int64_t>(), 0);
  agree(world, [] {});  // all have looked
  memory.bytes.narrow(0, kPerRank * world.local_rank(), kPerRank).fill_(1 + world.local_rank());
  agree(world, [] {});  // all have written
  for (int rank = 0; rank < world.local_size(); ++rank)
    EXPECT_TRUE(memory.bytes.narrow(0, kPerRank * rank, kPerRank).eq(1 + rank).all().item<bool>());
}

TEST(HostMemory, OutlivesTheOneThatMadeItInViews) {
  MpiCommunicator world(MPI_COMM_WORLD);
  torch::Tensor view;
  {
    HostMemory memory = make_host_memory(4096, world);
    if (world.rank() == world.local_root()) memory.bytes.fill_(7);
    view = memory.bytes.narrow(0, 4000, 96).view(torch::kInt64);
  }
  agree(world, [] {});
  EXPECT_EQ(view[0].item<std::int64_t>(), 0x0707070707070707);
}

TEST(HostMemory, WhereNothingIsSharedEachRankHasItsOwn) {
  MpiCommunicator world(MPI_COMM_WORLD);
  const HostMemory memory = make_own_memory(1000, world);
  EXPECT_FALSE(memory.shared);
  memory.bytes.fill_(world.rank());
  agree(world, [] {});  // all have written
  EXPECT_TRUE(memory.bytes.eq(world.rank()).all().item<bool>());
  EXPECT_THROW(make_own_memory(std::int64_t{1} << 50, world), AgreedError);
}

TEST(HostMemory, OfNothingIsEmpty) {
  MpiCommunicator world(MPI_COMM_WORLD);
  EXPECT_EQ(make_host_memory(0, world).bytes.numel(), 0);
}

TEST(HostMemory, MoreThanThereIsIsRefusedByAllRanks) {
  MpiCommunicator world(MPI_COMM_WORLD);
  EXPECT_THROW(make_host_memory(std::int64_t{1} << 60, world), AgreedError);
}

}  // namespace fer
