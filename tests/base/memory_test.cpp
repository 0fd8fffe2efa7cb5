#include "base/memory.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/temporary_folder.h"

namespace fer {
namespace {

class MemoryTest : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    write_text(root_ / path, text);
  }

  TemporaryFolder root_;
};

constexpr const char* kEightGibibytes = "MemTotal:  16777216 kB\nMemAvailable:   8388608 kB\nBuffers: 5 kB\n";
constexpr std::int64_t kMebibyte = 1 << 20;

}  // namespace

TEST_F(MemoryTest, ThisMachineHasSome) {
  EXPECT_GT(available_memory(), 0);
}

TEST_F(MemoryTest, WithoutGroupsTheHostDecides) {
  write("proc/meminfo", kEightGibibytes);
  EXPECT_EQ(available_memory(root_.path()), 8192 * kMebibyte);
}

TEST_F(MemoryTest, NothingKnownIsNoLimit) {
  EXPECT_EQ(available_memory(root_.path()), std::numeric_limits<std::int64_t>::max());
}

TEST_F(MemoryTest, VersionTwoTakesTheTightestOfTheGroupsAroundIt) {
  write("proc/meminfo", kEightGibibytes);
  write("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
  write("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
  write("sys/fs/cgroup/slurm/job_7/memory.max", "1073741824\n");
  write("sys/fs/cgroup/slurm/job_7/memory.current", "536870912\n");
  write("sys/fs/cgroup/slurm/job_7/memory.stat", "anon 268435456\ninactive_file 134217728\nactive_file 134217728\n");
  EXPECT_EQ(available_memory(root_.path()), 768 * kMebibyte);
}

TEST_F(MemoryTest, TheSoftLimitCountsToo) {
  write("proc/meminfo", kEightGibibytes);
  write("proc/self/cgroup", "0::/job\n");
  write("sys/fs/cgroup/job/memory.max", "4294967296\n");
  write("sys/fs/cgroup/job/memory.high", "2147483648\n");
  EXPECT_EQ(available_memory(root_.path()), 2048 * kMebibyte);
}

TEST_F(MemoryTest, VersionTwoInAContainerThatSeesItsGroupAsTheRoot) {
  write("proc/meminfo", kEightGibibytes);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "1073741824\n");
  write("sys/fs/cgroup/memory.current", "1073741824\n");
  EXPECT_EQ(available_memory(root_.path()), 0);
}

TEST_F(MemoryTest, VersionOneBesideVersionTwo) {
  write("proc/meminfo", kEightGibibytes);
  write("proc/self/cgroup", "9:name=systemd:/\n4:memory:/docker/abc\n0::/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");  // what version 1 calls no limit
  write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "2147483648\n");
  write("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "1610612736\n");
  write("sys/fs/cgroup/memory/docker/abc/memory.stat", "inactive_file 1\ntotal_inactive_file 536870912\n");
  EXPECT_EQ(available_memory(root_.path()), 1024 * kMebibyte);
}

}  // namespace fer
