#include "data/duplicates.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fer {

void DuplicateFinder::add(const Digest& picture, SampleRef sample) {
  if (splits_.empty() || splits_.back() != sample.split) splits_.push_back(std::move(sample.split));
  entries_.push_back({picture, static_cast<std::uint32_t>(splits_.size() - 1), sample.row});
}

std::vector<std::vector<SampleRef>> DuplicateFinder::take_groups() {
  auto entries = std::exchange(entries_, {});
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::tie(entry.picture.high, entry.picture.low); });
  std::vector<std::vector<SampleRef>> groups;
  for (auto first = entries.begin(); first != entries.end();) {
    const auto last = std::find_if(first, entries.end(), [&](const Entry& e) { return e.picture != first->picture; });
    if (last - first > 1) {
      auto& group = groups.emplace_back();
      group.reserve(static_cast<std::size_t>(last - first));
      for (; first != last; ++first) group.push_back({splits_[first->split], first->row});
      std::ranges::sort(group);
    }
    first = last;
  }
  std::ranges::sort(groups);
  return groups;
}

}  // namespace fer
