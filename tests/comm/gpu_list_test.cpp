#include "comm/gpu_list.h"

#include <gtest/gtest.h>

namespace fer {

TEST(GpuList, AUuidReadsAsNvidiaSmiTellsIt) {
  const char bytes[16] = {'\x5c', '\x89', '\x85', '\x2c', '\xd2', '\x68', '\xc3', '\xf3',
                          '\x1b', '\x07', '\x00', '\x5d', '\x5a', '\xe1', '\xdc', '\x3f'};
  EXPECT_EQ(gpu_uuid(bytes), "GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f");
}

TEST(GpuList, EachRankOfAHostIsNamedByModel) {
  const std::vector<std::string> hosts = {"node1", "node2", "node1", "node1"};
  const std::vector<Gpu> gpus = {{"NVIDIA H200", "GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f"},
                                 {"NVIDIA A100", "GPU-00000000-d268-c3f3-1b07-005d5ae1dc3f"},
                                 {"NVIDIA L40S", "GPU-11111111-d268-c3f3-1b07-005d5ae1dc3f"},
                                 {"NVIDIA H200", "GPU-77aa0e12-d268-c3f3-1b07-005d5ae1dc3f"}};
  EXPECT_EQ(list_gpus("node1", hosts, gpus),
            "NVIDIA H200: rank 0 GPU-5c89852c, rank 3 GPU-77aa0e12; NVIDIA L40S: rank 2 GPU-11111111");
  EXPECT_EQ(list_gpus("node2", hosts, gpus), "NVIDIA A100: rank 1 GPU-00000000");
}

}  // namespace fer
