#pragma once

#include <memory>

#include "data/sample_source.h"

namespace fer {

/// A source whose pictures are brought to another height and width, as resize_gray() does.
class ResizedSource final : public SampleSource {
 public:
  /// @param size  from 1 to kLongestImageSide.
  ResizedSource(std::unique_ptr<SampleSource> source, std::int64_t size) : source_(std::move(source)), size_(size) {}

  std::int64_t height() const override { return size_; }
  std::int64_t width() const override { return size_; }
  const std::vector<std::string>& classes() const override { return source_->classes(); }
  const std::vector<SplitShape>& splits() const override { return source_->splits(); }
  std::string description() const override;
  std::vector<std::string> refused() const override { return source_->refused(); }
  std::int64_t left_out() const override { return source_->left_out(); }
  std::string submission_header() const override { return source_->submission_header(); }
  void read(std::size_t split, std::int64_t row, Sample& sample) const override;

 private:
  std::unique_ptr<SampleSource> source_;
  std::int64_t size_;
};

}  // namespace fer
