#include "base/host_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

/// A lower limit as long as this lives.
class LowLimit {
 public:
  LowLimit(int resource, rlim_t value) : resource_(resource) {
    ::getrlimit(resource_, &own_);
    const rlimit limit{value, own_.rlim_max};
    ::setrlimit(resource_, &limit);
  }
  LowLimit(const LowLimit&) = delete;
  LowLimit& operator=(const LowLimit&) = delete;
  ~LowLimit() { ::setrlimit(resource_, &own_); }

 private:
  int resource_;
  rlimit own_{};
};

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST(HostLimits, LittleSharedMemoryIsAdvisedAgainst) {
  const TemporaryFolder folder;
  EXPECT_EQ(find_shared_memory(/*wanted=*/0, folder.path()).advice, "");
  const auto finding = find_shared_memory(std::int64_t{1} << 60, folder.path());
  EXPECT_TRUE(mentions(finding.text, "MiB free in " + folder.path().string())) << finding.text;
  EXPECT_TRUE(mentions(finding.advice, "vader_segment")) << finding.advice;
  EXPECT_EQ(find_shared_memory(std::int64_t{1} << 60, folder / "nothing").advice, "");
}

TEST(HostLimits, LockedMemoryMattersToInfiniBandAlone) {
  const TemporaryFolder root;
  const LowLimit limit(RLIMIT_MEMLOCK, 64 * 1024);
  const auto without = find_lockable_memory(root.path());
  EXPECT_EQ(without.advice, "");
  EXPECT_TRUE(mentions(without.text, "64 KiB (ulimit -l)")) << without.text;

  std::filesystem::create_directories(root / "sys/class/infiniband/mlx5_0");
  const auto with = find_lockable_memory(root.path());
  EXPECT_TRUE(mentions(with.text, "mlx5_0")) << with.text;
  EXPECT_TRUE(mentions(with.advice, "memlock")) << with.advice;
}

TEST(HostLimits, FewOpenFilesAreAdvisedAgainst) {
  const LowLimit limit(RLIMIT_NOFILE, 200);
  EXPECT_EQ(find_open_files(200).advice, "");
  EXPECT_EQ(find_open_files(201).advice, "A rank of this job may want 201: ulimit -n 201 ahead of the start.");
}

TEST(HostLimits, SpaceIsThatOfTheFoldersDisk) {
  const TemporaryFolder folder;
  const auto free = std::filesystem::space(folder.path()).available;
  const auto finding = find_space(folder.path(), "default", 3 * kMebibyte / 2);
  EXPECT_TRUE(mentions(finding.text, "MiB free in '" + folder.path().string())) << finding.text;
  EXPECT_TRUE(mentions(finding.text, " checkpoints of the recipe default, 2 MiB each")) << finding.text;
  EXPECT_EQ(finding.advice.empty(), free >= static_cast<std::uintmax_t>(1024 * kMebibyte));
  const auto full = find_space("/proc", "default", kMebibyte);  // which has no space at all
  EXPECT_EQ(full.text, "0 MiB free in '/proc', room for 0 checkpoints of the recipe default, 1 MiB each");
  EXPECT_NE(full.advice, "");
  expect_error(ExitCode::kIo, {"/nowhere"}, [] { find_space("/nowhere", "default", kMebibyte); });
}

TEST(HostLimits, LocksLeaveNothing) {
  const TemporaryFolder folder;
  const auto finding = find_file_locks(folder.path(), "");
  EXPECT_EQ(finding.text, "files in '" + folder.path().string() + "' can be locked; HDF5_USE_FILE_LOCKING is not set");
  EXPECT_EQ(finding.advice, "");
  EXPECT_TRUE(mentions(find_file_locks(folder.path(), "FALSE").text, "HDF5_USE_FILE_LOCKING is FALSE"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  expect_error(ExitCode::kIo, {"/nowhere"}, [] { find_file_locks("/nowhere", ""); });
}

}  // namespace fer
