#include "data/duplicates.h"

#include <algorithm>
#include <tuple>

namespace fer {

void DuplicateFinder::add(const Digest& picture, SampleRef sample) {
  if (splits_.empty() || splits_.back() != sample.split) splits_.push_back(std::move(sample.split));
  entries_.push_back({picture, static_cast<std::uint32_t>(splits_.size() - 1), sample.row});
}

std::vector<std::vector<SampleRef>> DuplicateFinder::groups() const {
  const auto place = [](const Entry& entry) { return std::tie(entry.split, entry.row); };
  const auto key = [](const Entry& entry) {
    return std::tie(entry.picture.high, entry.picture.low, entry.split, entry.row);
  };
  auto sorted = entries_;
  std::ranges::sort(sorted, [&](const Entry& a, const Entry& b) { return key(a) < key(b); });

  std::vector<std::vector<Entry>> found;
  for (auto first = sorted.begin(); first != sorted.end();) {
    const auto last = std::find_if(first, sorted.end(), [&](const Entry& e) { return e.picture != first->picture; });
    if (last - first > 1) found.emplace_back(first, last);
    first = last;
  }
  std::ranges::sort(found, [&](const auto& a, const auto& b) { return place(a.front()) < place(b.front()); });

  std::vector<std::vector<SampleRef>> groups;
  for (const auto& entries : found) {
    auto& group = groups.emplace_back();
    for (const Entry& entry : entries) group.push_back({splits_[entry.split], entry.row});
  }
  return groups;
}

}  // namespace fer
