#include "data/near_duplicates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <unordered_set>

#include "base/error.h"
#include "base/parallel.h"
#include "data/duplicates.h"
#include "data/sketch.h"
#include "data/sketch_hash.h"

namespace fer {
namespace {

// From looking at the faces of FER2013: of pairs with a correlation above 0.94 all that were looked at were one
// photograph, below some were two people in one pose. The margin is for studio sets, whose faces are more alike: among
// 20,000 drawn ones a pair reaches 0.97. Noise, recompression and brightness leave 0.995 as a rule.
constexpr double kLeastCorrelation = 0.98;
constexpr double kLeastContrast = 2.0;  // levels

// Hashes of one photograph saved twice differ in 2 of 64 bits as a rule and in 8 at times.
constexpr int kMostBitsApart = 8;

/// The pictures as a list of sketches, which are made when asked for: kept, each would take 4 KB.
class Pictures {
 public:
  Pictures(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width)
      : pixels_(pixels), height_(static_cast<std::size_t>(height)), width_(static_cast<std::size_t>(width)) {}

  std::int64_t count() const { return static_cast<std::int64_t>(pixels_.size() / (height_ * width_)); }
  Sketch sketch(std::int64_t i) const { return {start(i), height_, width_}; }
  Digest digest(std::int64_t i) const { return digest_of(start(i), height_ * width_); }

 private:
  const std::uint8_t* start(std::int64_t i) const {
    return pixels_.data() + static_cast<std::size_t>(i) * height_ * width_;
  }

  std::span<const std::uint8_t> pixels_;
  std::size_t height_;
  std::size_t width_;
};

/// Groups that grow by joining. The smallest index of a group stands for it, so it does not matter in which order pairs
/// come.
class Components {
 public:
  explicit Components(std::int64_t count) : leader_(static_cast<std::size_t>(count)) {
    std::iota(leader_.begin(), leader_.end(), 0);
  }

  std::int64_t leader(std::int64_t i) const {
    while (at(i) != i) i = at(i);
    return i;
  }
  void join(std::int64_t i, std::int64_t j) {
    const auto [first, second] = std::minmax({leader(i), leader(j)});
    leader_[static_cast<std::size_t>(second)] = first;
  }
  /// Makes leader() a single step.
  void flatten() {
    for (auto& leader : leader_) leader = at(leader);  // in ascending order, so that it is a last one already
  }
  std::vector<std::vector<std::int64_t>> groups_of_two_or_more();

 private:
  std::int64_t at(std::int64_t i) const { return leader_[static_cast<std::size_t>(i)]; }

  std::vector<std::int64_t> leader_;
};

std::vector<std::vector<std::int64_t>> Components::groups_of_two_or_more() {
  flatten();
  std::vector<std::vector<std::int64_t>> groups(leader_.size());
  for (std::size_t i = 0; i < leader_.size(); ++i)
    groups[static_cast<std::size_t>(leader_[i])].push_back(static_cast<std::int64_t>(i));
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

/// A picture that takes part in the search, and its hashes.
struct Entry {
  std::int64_t picture = 0;
  WindowHashes hashes{};
};

/// Finds entries by 16 equal bits of their central hash. Hashes that differ in 3 bits or fewer have one of four such
/// bands in common, and more often than not those that differ in 8.
class BandIndex {
 public:
  static constexpr std::size_t kBands = 4;

  explicit BandIndex(const std::vector<Entry>& entries);

  /// Calls `visit(entry number)` once for each entry after number `after` that shares a band with `hash` and is at most
  /// kMostBitsApart from it.
  template <class Visit>
  void visit_similar(std::uint64_t hash, std::uint32_t after, const Visit& visit) const;

 private:
  static constexpr std::size_t kKeys = std::size_t{1} << 16;

  struct Member {
    std::uint64_t hash;
    std::uint32_t entry;
  };
  struct Band {
    std::vector<std::size_t> starts = std::vector<std::size_t>(kKeys + 1);  // of each key, among `members`
    std::vector<Member> members;                                            // by key, then by entry
  };

  static std::size_t key(std::uint64_t hash, std::size_t band) { return (hash >> (16 * band)) % kKeys; }
  static bool shares_earlier_band(std::uint64_t a, std::uint64_t b, std::size_t band);

  std::array<Band, kBands> bands_;
};

BandIndex::BandIndex(const std::vector<Entry>& entries) {
  for (std::size_t number = 0; number < kBands; ++number) {
    auto& [starts, members] = bands_[number];
    for (const auto& entry : entries) ++starts[key(entry.hashes[Sketch::kCentre], number) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    members.resize(entries.size());
    auto next = starts;
    for (std::uint32_t i = 0; i < entries.size(); ++i) {
      const auto hash = entries[i].hashes[Sketch::kCentre];
      members[next[key(hash, number)]++] = {hash, i};
    }
  }
}

bool BandIndex::shares_earlier_band(std::uint64_t a, std::uint64_t b, std::size_t band) {
  for (std::size_t earlier = 0; earlier < band; ++earlier)
    if (key(a, earlier) == key(b, earlier)) return true;
  return false;
}

template <class Visit>
void BandIndex::visit_similar(std::uint64_t hash, std::uint32_t after, const Visit& visit) const {
  for (std::size_t band = 0; band < kBands; ++band) {
    const auto& [starts, members] = bands_[band];
    const auto slot = key(hash, band);
    for (auto i = starts[slot]; i < starts[slot + 1]; ++i) {
      const Member& member = members[i];
      if (member.entry > after && std::popcount(member.hash ^ hash) <= kMostBitsApart &&
          !shares_earlier_band(member.hash, hash, band))
        visit(member.entry);
    }
  }
}

class Search {
 public:
  Search(const Pictures& pictures, const SketchHasher& hasher, int threads);

  std::vector<std::vector<std::int64_t>> groups();

 private:
  void join_equal();
  void make_entries();
  void join_similar();
  std::unordered_set<std::int64_t> unjoined_matches(std::uint32_t number, const BandIndex& index) const;

  const Pictures& pictures_;
  const SketchHasher& hasher_;
  int threads_;
  Components components_;
  std::vector<Entry> entries_;  // one of each lot of equal pictures, in ascending order
};

Search::Search(const Pictures& pictures, const SketchHasher& hasher, int threads)
    : pictures_(pictures), hasher_(hasher), threads_(threads), components_(pictures.count()) {}

std::vector<std::vector<std::int64_t>> Search::groups() {
  join_equal();
  make_entries();
  join_similar();
  return components_.groups_of_two_or_more();
}

// Thousands of copies of one picture would make millions of pairs: ahead, in linear time.
void Search::join_equal() {
  std::vector<Digest> digests(static_cast<std::size_t>(pictures_.count()));
  for_each_index(pictures_.count(), threads_,
                 [&](std::int64_t i) { digests[static_cast<std::size_t>(i)] = pictures_.digest(i); });
  DuplicateFinder finder;
  for (std::int64_t i = 0; i < pictures_.count(); ++i) finder.add(digests[static_cast<std::size_t>(i)], {"", i});
  for (const auto& group : finder.take_groups()) {
    if (contrast(pictures_.sketch(group.front().row)) < kLeastContrast) continue;
    for (const auto& sample : group) components_.join(group.front().row, sample.row);
  }
}

void Search::make_entries() {
  for (std::int64_t i = 0; i < pictures_.count(); ++i)
    if (components_.leader(i) == i) entries_.push_back({i, {}});
  for_each_index(static_cast<std::int64_t>(entries_.size()), threads_, [&](std::int64_t i) {
    auto& entry = entries_[static_cast<std::size_t>(i)];
    const auto sketch = pictures_.sketch(entry.picture);
    if (contrast(sketch) < kLeastContrast)
      entry.picture = -1;
    else
      entry.hashes = hasher_.hashes(sketch);
  });
  std::erase_if(entries_, [](const Entry& entry) { return entry.picture < 0; });
}

/// The pictures after entry `number` that are nearly equal to it and not in its group yet.
std::unordered_set<std::int64_t> Search::unjoined_matches(std::uint32_t number, const BandIndex& index) const {
  const Entry& entry = entries_[number];
  const auto leader = components_.leader(entry.picture);
  const auto upright = pictures_.sketch(entry.picture);
  std::unordered_set<std::int64_t> matches;
  const auto is_new = [&](std::int64_t picture) {
    return components_.leader(picture) != leader && !matches.contains(picture);
  };
  const auto look = [&](const Sketch& sketch, const WindowHashes& hashes) {
    for (std::size_t place = 0; place < Sketch::kPlaces; ++place) {
      index.visit_similar(hashes[place], number, [&](std::uint32_t other) {
        const auto picture = entries_[other].picture;
        if (is_new(picture) && correlation(sketch, place, pictures_.sketch(picture)) >= kLeastCorrelation)
          matches.insert(picture);
      });
    }
  };
  look(upright, entry.hashes);
  look(upright.mirrored(), hasher_.mirrored(entry.hashes));
  return matches;
}

// In rounds: within one the groups stand still, so that threads may look whether two pictures are joined already. Short
// ones, since thousands of noisy copies of one picture are compared with each other until the end of a round.
void Search::join_similar() {
  constexpr std::int64_t kRound = 256;
  const BandIndex index(entries_);
  const auto count = static_cast<std::int64_t>(entries_.size());
  for (std::int64_t first = 0; first < count; first += kRound) {
    std::vector<std::unordered_set<std::int64_t>> matches(static_cast<std::size_t>(std::min(kRound, count - first)));
    for_each_index(static_cast<std::int64_t>(matches.size()), threads_, [&](std::int64_t i) {
      matches[static_cast<std::size_t>(i)] = unjoined_matches(static_cast<std::uint32_t>(first + i), index);
    });
    for (std::size_t i = 0; i < matches.size(); ++i)
      for (const auto match : matches[i])
        components_.join(entries_[static_cast<std::size_t>(first) + i].picture, match);
    components_.flatten();
  }
}

}  // namespace

std::vector<std::vector<std::int64_t>> find_near_duplicates(std::span<const std::uint8_t> pictures, std::int64_t height,
                                                            std::int64_t width, int threads) {
  require(std::min(height, width) >= kShortestComparedSide, ExitCode::kBadInput,
          fmt::format("pictures of {}x{} pixels are too small to look for near-duplicates: each side must have at "
                      "least {}.",
                      height, width, kShortestComparedSide));
  require(pictures.size() % static_cast<std::size_t>(height * width) == 0, "not a whole number of pictures");
  if (pictures.empty()) return {};
  const Pictures list(pictures, height, width);
  const auto first = list.sketch(0);
  const SketchHasher hasher(first.window_rows(), first.window_columns());
  return Search(list, hasher, threads).groups();
}

}  // namespace fer
