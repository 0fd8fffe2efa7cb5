#pragma once

#include <memory>

#include "data/sample_source.h"

namespace fer {

/// Several sources as one: splits of the same name follow each other, classes are matched by name, in the order of the
/// first source. A split that several sources have gets row numbers as ids.
class JoinedSource final : public SampleSource {
 public:
  struct Named {
    std::string name;  // for errors
    std::unique_ptr<SampleSource> source;
  };

  /// @param sources  at least one.
  /// @throws Error (kBadInput) naming two sources whose picture sizes differ, that have labels or votes for a split and
  ///         have none, or a class that the first lacks.
  explicit JoinedSource(std::vector<Named> sources);

  std::int64_t height() const override { return first().height(); }
  std::int64_t width() const override { return first().width(); }
  const std::vector<std::string>& classes() const override { return first().classes(); }
  const std::vector<SplitShape>& splits() const override { return shapes_; }
  std::string description() const override;
  std::vector<std::string> refused() const override;
  std::int64_t left_out() const override;
  std::string submission_header() const override { return submission_header_; }
  void read(std::size_t split, std::int64_t row, Sample& sample) const override;

 private:
  /// What one source gives to a split.
  struct Part {
    std::size_t source = 0;
    std::size_t split = 0;  // among the source's own
    std::int64_t first_row = 0;
  };

  const SampleSource& first() const { return *sources_.front().source; }
  void match_classes(const Named& named);
  void add_split(std::size_t source, std::size_t split);

  std::vector<Named> sources_;
  std::vector<std::vector<std::uint8_t>> labels_;  // by source: the label of each of its own
  std::vector<SplitShape> shapes_;
  std::vector<std::vector<Part>> parts_;  // by split
  std::string submission_header_;
};

}  // namespace fer
