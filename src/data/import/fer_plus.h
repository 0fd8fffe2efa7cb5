#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/import/face_table.h"

namespace fer {

/// How taggers' votes become the target of a training sample. Others are scored, so majorities count for them.
enum class VoteRule {
  kMajority,  // one class has more than half of the votes
  kSoft,      // each class has its share: the leading ones, up to three, that hold three quarters of the votes together
};

/// FER+ votes: eight classes in the order of fer_plus_classes(), then "unknown" and "no face".
inline constexpr std::size_t kFerPlusClasses = 8;
using TaggerVotes = std::array<std::uint8_t, kFerPlusClasses + 2>;
using ClassVotes = std::array<std::uint8_t, kFerPlusClasses>;

/// FER2013's seven classes in its order, then contempt.
const std::vector<std::string>& fer_plus_classes();

/// What counts of the taggers' votes, by the rules of the labels' authors (Barsoum et al. 2016, arXiv:1608.01041, and
/// the readers they publish): a class with a single vote has none. kMajority leaves the votes of the winner, kSoft
/// those of the leading classes. Nothing if there is no such agreement, or if "unknown" or "no face" leads.
std::optional<ClassVotes> counted_votes(TaggerVotes votes, VoteRule rule);

/// The class with the most votes; of several the first.
std::uint8_t leading_class(const ClassVotes& votes);

inline constexpr std::int64_t kFirstFaceLine = 2;  // of the file; the header is its line 1

/// `fer2013new.csv`, the FER+ labels of FER2013: a line for each of its lines, in the same order.
class FerPlus {
 public:
  /// Whether the first line of a file names its columns.
  static bool recognises(const std::filesystem::path& path);
  /// @throws Error (kBadInput) naming file, line and column.
  FerPlus(const std::filesystem::path& path, VoteRule rule, int threads);

  const std::filesystem::path& path() const { return path_; }
  VoteRule rule() const { return rule_; }
  /// Lines of the file, but for the first.
  std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }
  /// What it says of the picture on a line of FER2013's file, counted from 1, the header's. Votes are nothing where
  /// there is no agreement.
  Usage usage(std::int64_t line) const { return row(line).usage; }
  const std::optional<ClassVotes>& votes(std::int64_t line) const { return row(line).votes; }

 private:
  struct Row {
    std::int64_t line = 0;
    Usage usage = Usage::kNone;
    std::optional<ClassVotes> votes;
  };

  const Row& row(std::int64_t line) const { return rows_.at(static_cast<std::size_t>(line - kFirstFaceLine)); }

  std::filesystem::path path_;
  VoteRule rule_;
  std::vector<Row> rows_;
};

}  // namespace fer
