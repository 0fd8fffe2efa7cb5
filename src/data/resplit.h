#pragma once

#include <filesystem>

#include "data/dataset.h"
#include "data/sample_source.h"

namespace fer {

struct ResplitConfig {
  std::vector<double> fractions;  // shares of two splits, train and test, or of three, train, validation and test
  int folds = 0;                  // instead: this many parts, of which ...
  int fold = 0;                   // ... this one, counted from 1, is validation and the others are train
  std::uint64_t seed = 1;
  bool ignore_duplicates = false;  // let equal pictures fall on two sides
};

/// A dataset's labelled samples dealt anew, class by class in the same shares (stratified), the same for the same seed.
/// Equal pictures, and nearly equal ones where `inspect --near` has found them, stay together: a group goes where its
/// first picture's class wants it. Holds all samples in memory; each keeps its row in the old dataset, counted over all
/// labelled splits by name, as its id. Splits without labels stay as they are, a competition's test with its
/// submission; beside such a test the last of two shares is validation.
class Resplit final : public SampleSource {
 public:
  /// @throws Error (kUsage) for shares that are no shares, three beside a test without labels, or another split without
  ///         labels that has the name of a dealt one; (kBadInput) naming the shard.
  Resplit(const std::filesystem::path& folder, const ResplitConfig& config);

  std::int64_t height() const override { return manifest_.height; }
  std::int64_t width() const override { return manifest_.width; }
  const std::vector<std::string>& classes() const override { return manifest_.classes; }
  const std::vector<SplitShape>& splits() const override { return shapes_; }
  std::string description() const override;
  std::string submission_header() const override;
  void read(std::size_t split, std::int64_t row, Sample& sample) const override;

 private:
  /// Samples that must not be parted.
  using Unit = std::vector<std::int64_t>;

  void load(const std::filesystem::path& folder);
  std::vector<std::string> names_of_parts() const;
  std::vector<Unit> units(const std::filesystem::path& folder, bool ignore_duplicates) const;
  void deal(std::vector<Unit> units, const std::vector<double>& shares, std::uint64_t seed);

  Manifest manifest_;
  std::vector<Split> old_splits_;         // the labelled ones
  std::vector<std::int64_t> first_rows_;  // of each, counted over all
  std::vector<std::int64_t> labels_;      // of all their samples
  std::vector<Split> kept_;               // those without labels
  bool voted_ = false;                    // whether some of them have votes
  std::vector<SplitShape> shapes_;
  std::vector<std::vector<std::int64_t>> rows_;  // of each new split that is dealt, ascending; kept ones follow
};

}  // namespace fer
