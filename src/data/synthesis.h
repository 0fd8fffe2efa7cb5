#pragma once

#include "data/sample_source.h"

namespace fer {

struct SynthesisConfig {
  std::int64_t train = 6000;
  std::int64_t validation = 1000;
  std::int64_t test = 1000;
  std::uint64_t seed = 1;
};

/// Drawn faces as a source of samples: splits train, validation and test (those with samples), the seven emotions.
class Synthesis final : public SampleSource {
 public:
  explicit Synthesis(const SynthesisConfig& config);

  std::int64_t height() const override;
  std::int64_t width() const override;
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<SplitShape>& splits() const override { return splits_; }
  void read(std::size_t split, std::int64_t row, Sample& sample) const override;

 private:
  std::uint64_t seed_;
  std::vector<std::string> classes_;
  std::vector<SplitShape> splits_;
  std::vector<std::uint32_t> streams_;  // one per split, so that no face is in two splits
};

}  // namespace fer
