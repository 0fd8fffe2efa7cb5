#include "data/resplit.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "data/near_duplicate_file.h"
#include "kernels/philox.h"

namespace fer {
namespace {

constexpr std::uint32_t kSplitStream = 0x53504C54;  // "SPLT": no other use of a seed draws from it

std::int64_t labelled_samples(const Manifest& manifest) {
  std::int64_t samples = 0;
  for (const auto& [name, split] : manifest.splits) samples += split.labelled ? split.samples : 0;
  return samples;
}

std::vector<double> shares_of(const ResplitConfig& config, std::int64_t samples) {
  if (config.folds > 0) {
    require(config.folds <= samples, ExitCode::kUsage,
            fmt::format("--folds is {}, but there are {} labelled samples.", config.folds, samples));
    require(config.folds >= 2 && config.fold >= 1 && config.fold <= config.folds, ExitCode::kUsage,
            fmt::format("--fold is {} of {} --folds, but must lie between 1 and their number, which is at least 2.",
                        config.fold, config.folds));
    return std::vector<double>(static_cast<std::size_t>(config.folds), 1.0 / config.folds);
  }
  const double sum = std::accumulate(config.fractions.begin(), config.fractions.end(), 0.0);
  const bool positive = std::ranges::all_of(config.fractions, [](double share) { return share > 0 && share < 1e9; });
  require((config.fractions.size() == 2 || config.fractions.size() == 3) && positive, ExitCode::kUsage,
          "--fractions wants two shares, of train and test, or three, of train, validation and test, as in 80,10,10.");
  auto shares = config.fractions;
  for (auto& share : shares) share /= sum;
  return shares;
}

std::vector<std::uint8_t> pixels_of(const Split& split, std::int64_t row) {
  const auto size = split.images.size(1) * split.images.size(2);
  const auto* pixels = split.images.const_data_ptr<std::uint8_t>() + row * size;
  return {pixels, pixels + size};
}

/// Number of the set that `item` belongs to; sets are joined by pointing at each other.
std::int64_t root_of(std::vector<std::int64_t>& parents, std::int64_t item) {
  while (parents[static_cast<std::size_t>(item)] != item) {
    auto& parent = parents[static_cast<std::size_t>(item)];
    parent = parents[static_cast<std::size_t>(parent)];
    item = parent;
  }
  return item;
}

}  // namespace

Resplit::Resplit(const std::filesystem::path& folder, const ResplitConfig& config) : manifest_(read_manifest(folder)) {
  const auto shares = shares_of(config, labelled_samples(manifest_));
  load(folder);
  deal(units(folder, config.ignore_duplicates), shares, config.seed);
  if (config.folds > 0) {
    // One part is validation; the others together are train.
    std::vector<std::vector<std::int64_t>> parts(2);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      auto& part = parts[static_cast<int>(i) + 1 == config.fold ? 1 : 0];
      part.insert(part.end(), rows_[i].begin(), rows_[i].end());
    }
    rows_ = std::move(parts);
  }
  const auto names = config.folds > 0 ? std::vector<std::string>{"train", "validation"} : names_of_parts();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    require(!rows_[i].empty(), ExitCode::kUsage,
            fmt::format("no sample of dataset '{}' falls to {}: its share of every class is less than one. Give it a "
                        "larger share{}.",
                        manifest_.name, names[i], config.folds > 0 ? ", by fewer folds" : ""));
    std::ranges::sort(rows_[i]);
    shapes_.push_back(
        {names[i], static_cast<std::int64_t>(rows_[i].size()), /*labelled=*/true, voted_ && names[i] == "train"});
  }
  for (const auto& split : kept_) {
    require(std::ranges::find(names, split.name) == names.end(), ExitCode::kUsage,
            fmt::format("dataset '{}' has a split '{}' without labels, which would stay, and one that is dealt would "
                        "have its name: import the dataset without it.",
                        manifest_.name, split.name));
    shapes_.push_back({split.name, split.size(), /*labelled=*/false, /*voted=*/false});
  }
}

/// As many as there are shares.
std::vector<std::string> Resplit::names_of_parts() const {
  const bool keeps_test = std::ranges::find(kept_, kSampledSplit, &Split::name) != kept_.end();
  if (rows_.size() == 2) return {"train", keeps_test ? "validation" : "test"};
  require(
      !keeps_test, ExitCode::kUsage,
      fmt::format("dataset '{}' has a test split without labels, which stays: give --fractions two shares, of train "
                  "and validation, as in 90,10.",
                  manifest_.name));
  return {"train", "validation", "test"};
}

std::string Resplit::description() const {
  std::vector<std::string> names;
  for (const auto& split : kept_) names.push_back(split.name);
  if (names.empty()) return {};
  return fmt::format("'{}', of which {} stays as it is, without labels", manifest_.name, join(names));
}

std::string Resplit::submission_header() const {
  const bool keeps_test = std::ranges::find(kept_, kSampledSplit, &Split::name) != kept_.end();
  return keeps_test ? manifest_.submission_header : std::string();
}

void Resplit::load(const std::filesystem::path& folder) {
  for (const auto& [name, entry] : manifest_.splits) {
    if (!entry.labelled) {
      kept_.push_back(load_split(folder, manifest_, name));
      continue;
    }
    first_rows_.push_back(static_cast<std::int64_t>(labels_.size()));
    old_splits_.push_back(load_split(folder, manifest_, name));
    voted_ = voted_ || entry.voted;
    const auto& labels = old_splits_.back().labels;
    labels_.insert(labels_.end(), labels.data_ptr<std::int64_t>(), labels.data_ptr<std::int64_t>() + labels.numel());
  }
  require(!labels_.empty(), ExitCode::kBadInput, fmt::format("dataset '{}' has no labelled samples.", manifest_.name));
}

std::vector<Resplit::Unit> Resplit::units(const std::filesystem::path& folder, bool ignore_duplicates) const {
  std::vector<std::int64_t> parents(labels_.size());
  std::iota(parents.begin(), parents.end(), 0);
  const auto join = [&](const std::vector<std::vector<SampleRef>>& groups) {
    for (const auto& group : groups) {
      std::int64_t first = -1;
      for (const SampleRef& sample : group) {
        const auto split = std::ranges::find(old_splits_, sample.split, &Split::name);
        if (split == old_splits_.end()) continue;  // not labelled
        require(
            sample.row >= 0 && sample.row < split->size(), ExitCode::kBadInput,
            fmt::format("the duplicates of dataset '{}' name row {} of '{}', which has {}: run `fer_dataset inspect "
                        "--near` again.",
                        manifest_.name, sample.row, sample.split, split->size()));
        const auto row = first_rows_[static_cast<std::size_t>(split - old_splits_.begin())] + sample.row;
        if (first < 0) first = row;
        const auto a = root_of(parents, first), b = root_of(parents, row);
        parents[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
      }
    }
  };
  if (!ignore_duplicates) {
    join(manifest_.passport.duplicates);
    if (const auto near = read_near_duplicates(folder, manifest_.digest())) join(*near);
  }
  std::map<std::int64_t, Unit> by_root;
  for (std::int64_t row = 0; row < static_cast<std::int64_t>(labels_.size()); ++row)
    by_root[root_of(parents, row)].push_back(row);
  std::vector<Unit> units;
  for (auto& [root, unit] : by_root) units.push_back(std::move(unit));
  return units;
}

/// Class by class, in random order, each unit goes to the part that is furthest behind its share of the class.
void Resplit::deal(std::vector<Unit> units, const std::vector<double>& shares, std::uint64_t seed) {
  rows_.resize(shares.size());
  std::vector<std::vector<Unit>> by_class(manifest_.classes.size());
  for (auto& unit : units)
    by_class.at(static_cast<std::size_t>(labels_[static_cast<std::size_t>(unit.front())])).push_back(std::move(unit));
  for (std::size_t c = 0; c < by_class.size(); ++c) {
    auto& of_class = by_class[c];
    PhiloxStream random(seed, kSplitStream, c);
    for (std::size_t i = of_class.size(); i > 1; --i)
      std::swap(of_class[i - 1], of_class[random.below(static_cast<std::uint32_t>(i))]);
    std::vector<double> dealt(shares.size(), 0);
    double all = 0;
    for (const auto& unit : of_class) {
      all += static_cast<double>(unit.size());
      std::size_t neediest = 0;
      for (std::size_t part = 1; part < shares.size(); ++part)
        if (all * shares[part] - dealt[part] > all * shares[neediest] - dealt[neediest]) neediest = part;
      dealt[neediest] += static_cast<double>(unit.size());
      rows_[neediest].insert(rows_[neediest].end(), unit.begin(), unit.end());
    }
  }
}

void Resplit::read(std::size_t split, std::int64_t row, Sample& sample) const {
  if (split >= rows_.size()) {
    const auto& kept = kept_.at(split - rows_.size());
    sample = {pixels_of(kept, row), std::nullopt, kept.ids[row].item<std::int64_t>(), {}};
    return;
  }
  const auto old_row = rows_.at(split).at(static_cast<std::size_t>(row));
  const auto next = std::ranges::upper_bound(first_rows_, old_row);
  const auto index = static_cast<std::size_t>(next - first_rows_.begin()) - 1;
  sample.pixels = pixels_of(old_splits_[index], old_row - first_rows_[index]);
  sample.label = static_cast<std::uint8_t>(labels_[static_cast<std::size_t>(old_row)]);
  sample.id = old_row;
  if (!shapes_[split].voted || !old_splits_[index].votes.defined()) return;
  const auto votes = old_splits_[index].votes[old_row - first_rows_[index]];
  sample.votes.assign(votes.const_data_ptr<std::uint8_t>(), votes.const_data_ptr<std::uint8_t>() + votes.numel());
}

}  // namespace fer
