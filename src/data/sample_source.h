#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/sample.h"

namespace fer {

/// Samples that can be made into a dataset, whatever shape they come in: files of some kind, or drawn.
class SampleSource {
 public:
  struct SplitShape {
    std::string name;
    std::int64_t rows = 0;
    bool labelled = true;
    bool voted = false;  // whether samples have votes for each class; one without counts as a vote for its label
  };

  virtual ~SampleSource() = default;

  virtual std::int64_t height() const = 0;
  virtual std::int64_t width() const = 0;
  /// Class names in label order.
  virtual const std::vector<std::string>& classes() const = 0;
  virtual const std::vector<SplitShape>& splits() const = 0;
  /// What the source was taken for, in words; empty if there is no doubt.
  virtual std::string description() const { return {}; }
  /// Rows that were refused while the source was opened: where, and what is wrong.
  virtual std::vector<std::string> refused() const { return {}; }
  /// Rows that are no samples by the source's own rules, such as pictures on which taggers did not agree.
  virtual std::int64_t left_out() const { return 0; }
  /// The header line that a submission for the test split must have; empty if any will do.
  virtual std::string submission_header() const { return {}; }
  /// Fills `sample` with row `row` of split number `split`. May be called by several threads at once.
  /// @throws Error (kBadInput) naming file, line and column.
  virtual void read(std::size_t split, std::int64_t row, Sample& sample) const = 0;
};

}  // namespace fer
