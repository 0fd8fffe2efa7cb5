#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "artifacts/event_records.h"
#include "base/atomic_file.h"

namespace fer {

/// The messages of all event files of a folder, in the order of their names; expects frames and checksums to be right.
inline std::vector<std::string> events_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> messages;
  for (const auto& path : paths) {
    const auto bytes = read_file(path);
    for (std::size_t at = 0; at < bytes.size();) {
      std::uint64_t size = bytes.size();
      if (at + sizeof(size) <= bytes.size()) std::memcpy(&size, bytes.data() + at, sizeof(size));
      const auto message = size < bytes.size() ? bytes.substr(at + 12, size) : "";
      const auto record = framed_record(message);
      EXPECT_EQ(bytes.substr(at, record.size()), record) << path << " at byte " << at;
      messages.push_back(message);
      at += record.size();
    }
  }
  return messages;
}

/// How many of the messages hold these bytes, such as a tag.
inline std::int64_t count_holding(const std::vector<std::string>& messages, const std::string& part) {
  return std::ranges::count_if(messages, [&](const auto& message) { return message.find(part) != std::string::npos; });
}

}  // namespace fer
