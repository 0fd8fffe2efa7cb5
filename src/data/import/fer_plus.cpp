#include "data/import/fer_plus.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "data/import/csv_fields.h"

namespace fer {
namespace {

/// The file's columns of votes, in the order of TaggerVotes.
constexpr std::array<const char*, std::tuple_size_v<TaggerVotes>> kColumns = {
    "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt", "unknown", "nf"};

constexpr std::int64_t kMostVotes = 25;  // for one class: a picture had ten taggers, and all votes fit into a byte

/// Where a header has a column.
std::size_t place_of(const std::string& name, const std::vector<std::string>& names) {
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

bool is_class(std::size_t choice) {
  return choice < kFerPlusClasses;
}

std::optional<ClassVotes> majority(const TaggerVotes& votes, int all) {
  const auto leader = static_cast<std::size_t>(std::ranges::max_element(votes) - votes.begin());
  if (2 * votes[leader] <= all || !is_class(leader)) return std::nullopt;
  ClassVotes counted{};
  counted[leader] = votes[leader];
  return counted;
}

/// The choices with the most votes, those with equally many together, until they hold three quarters of all votes or
/// are three; "unknown" and "no face" end the list. They must hold more than half of the votes, and be no more than
/// three.
std::optional<ClassVotes> leaders(TaggerVotes votes, int all) {
  ClassVotes counted{};
  int held = 0, choices = 0;
  bool ended = false;
  while (4 * held < 3 * all && choices < 3 && !ended) {
    const auto most = *std::ranges::max_element(votes);
    for (std::size_t choice = 0; choice < votes.size() && !ended; ++choice) {
      if (votes[choice] != most) continue;
      ended = !is_class(choice);
      if (ended) continue;
      counted[choice] = std::exchange(votes[choice], std::uint8_t{0});
      held += most;
      ++choices;
    }
  }
  if (2 * held <= all || choices > 3) return std::nullopt;
  return counted;
}

/// A number of votes. @throws LineFault naming the column.
std::uint8_t vote_count(std::string_view field, const char* column) {
  const auto count = whole_number(field, column);
  if (count > kMostVotes)
    throw LineFault{fmt::format("{} has {} votes, but at most {} are possible", column, count, kMostVotes)};
  return static_cast<std::uint8_t>(count);
}

}  // namespace

const std::vector<std::string>& fer_plus_classes() {
  static const std::vector<std::string> kClasses = {"angry", "disgust",  "fear",    "happy",
                                                    "sad",   "surprise", "neutral", "contempt"};
  return kClasses;
}

std::optional<ClassVotes> counted_votes(TaggerVotes votes, VoteRule rule) {
  for (auto& count : votes)
    if (count == 1) count = 0;
  const int all = std::accumulate(votes.begin(), votes.end(), 0);
  return rule == VoteRule::kMajority ? majority(votes, all) : leaders(votes, all);
}

std::uint8_t leading_class(const ClassVotes& votes) {
  return static_cast<std::uint8_t>(std::ranges::max_element(votes) - votes.begin());
}

bool FerPlus::recognises(const std::filesystem::path& path) {
  const auto names = header_names(first_line(path));
  const auto has = [&](const char* name) { return std::ranges::find(names, name) != names.end(); };
  return std::ranges::all_of(kColumns, has) && has("usage");
}

FerPlus::FerPlus(const std::filesystem::path& path, VoteRule rule, int threads) : path_(path), rule_(rule) {
  const TextFile file(path);
  const auto names = header_names(first_line(path));
  const auto usage = place_of("usage", names);
  std::array<std::size_t, kColumns.size()> places{};
  std::ranges::transform(kColumns, places.begin(), [&](const char* name) { return place_of(name, names); });
  std::vector<BadLine> bad;
  rows_ = scan_rows<Row>(file, threads, bad, [&](TextSpan, std::string_view line) {
    thread_local std::vector<std::string_view> fields;
    split_fields(line, fields);
    if (fields.size() != names.size())
      throw LineFault{fmt::format("it has {} fields, but the header names {}", fields.size(), names.size())};
    TaggerVotes votes{};
    for (std::size_t i = 0; i < votes.size(); ++i) votes[i] = vote_count(fields[places[i]], kColumns[i]);
    const auto used_for = usage_of(fields[usage]);
    return Row{0, used_for, counted_votes(votes, used_for == Usage::kTraining ? rule : VoteRule::kMajority)};
  });
  // The first bad line is the header, which was scanned like a row. A line left out would shift all that follow.
  if (bad.size() > 1)
    fail(ExitCode::kBadInput, fmt::format("'{}' line {}: {}.", path.string(), bad[1].number, bad[1].what));
}

}  // namespace fer
