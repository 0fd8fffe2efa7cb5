#include "base/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace fer {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

/// How the two versions of control groups name what we ask them.
struct CgroupFiles {
  const char* limit;
  const char* soft_limit;  // above which processes are slowed down
  const char* usage;
  const char* stat_prefix;
};
constexpr CgroupFiles kVersion1{"memory.limit_in_bytes", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"};
constexpr CgroupFiles kVersion2{"memory.max", "memory.high", "memory.current", ""};

/// The number that a file holds; `otherwise` if there is none, as in the word "max".
std::int64_t number_in(const fs::path& path, std::int64_t otherwise) {
  std::ifstream file(path);
  std::int64_t number = 0;
  return file >> number ? number : otherwise;
}

/// The number that follows `key` in a file of lines "key number"; 0 if there is none.
std::int64_t number_after(const std::string& key, const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  for (std::int64_t number = 0; file >> word >> number; file.ignore(64, '\n'))
    if (word == key) return number;
  return 0;
}

std::int64_t left_in_group(const fs::path& group, const CgroupFiles& files) {
  const auto limit = std::min(number_in(group / files.limit, kNoLimit), number_in(group / files.soft_limit, kNoLimit));
  if (limit == kNoLimit) return kNoLimit;
  const std::string prefix = files.stat_prefix;
  const auto cached = number_after(prefix + "inactive_file", group / "memory.stat") +
                      number_after(prefix + "active_file", group / "memory.stat");
  return std::max<std::int64_t>(limit - number_in(group / files.usage, 0) + cached, 0);
}

/// The least that is left in a group and those it lies in. A container may see its own group as the hierarchy's root.
std::int64_t left_in_groups(const fs::path& hierarchy, fs::path group, const CgroupFiles& files) {
  auto left = left_in_group(hierarchy, files);
  for (; group.has_relative_path(); group = group.parent_path())
    left = std::min(left, left_in_group(hierarchy / group.relative_path(), files));
  return left;
}

std::int64_t left_in_own_groups(const fs::path& root) {
  auto left = kNoLimit;
  std::ifstream groups(root / "proc/self/cgroup");  // lines "number:controllers:/path"; version 2 names no controllers
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) left = std::min(left, left_in_groups(root / "sys/fs/cgroup", group, kVersion2));
    if (controllers == "memory") left = std::min(left, left_in_groups(root / "sys/fs/cgroup/memory", group, kVersion1));
  }
  return left;
}

}  // namespace

std::int64_t available_memory(const fs::path& root) {
  constexpr std::int64_t kKibibyte = 1024;
  const auto host = number_after("MemAvailable:", root / "proc/meminfo") * kKibibyte;
  return std::min(host > 0 ? host : kNoLimit, left_in_own_groups(root));
}

}  // namespace fer
