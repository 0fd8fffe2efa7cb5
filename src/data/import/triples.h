#pragma once

#include <memory>
#include <optional>

#include "data/import/text_file.h"
#include "data/sample_source.h"

namespace fer {

/// A folder with headerless CSV files `train_data.csv` (a picture a row), `train_target.csv` (a label a row), and the
/// same for `test`, whose target file may be missing. Pictures are square; ids are row numbers from 0.
class Triples final : public SampleSource {
 public:
  /// Whether `folder` holds such files.
  static bool recognises(const std::filesystem::path& folder);

  /// @param classes  names in label order; empty: the labels themselves, "0", "1" ...
  /// @throws Error (kBadInput) if files are missing, a data file and its target file differ in rows, rows are no square
  ///         pictures of one size, or a label is out of range. Pixels are checked when they are read.
  Triples(const std::filesystem::path& folder, std::vector<std::string> classes, int threads);

  std::int64_t height() const override { return side_; }
  std::int64_t width() const override { return side_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<SplitShape>& splits() const override { return splits_; }
  void read(std::size_t split, std::int64_t row, Sample& sample) const override;

 private:
  struct Row {
    std::int64_t line = 0;
    TextSpan text;
  };
  struct Part {
    std::unique_ptr<TextFile> data;
    std::vector<Row> rows;
    std::vector<std::uint8_t> labels;  // empty if unknown
  };

  void add_part(const std::filesystem::path& folder, const std::string& split, int threads);
  std::vector<std::uint8_t> read_labels(const std::filesystem::path& path, const Part& part, int threads) const;

  std::vector<std::string> classes_;
  std::int64_t side_ = 0;
  std::vector<SplitShape> splits_;
  std::vector<Part> parts_;
};

}  // namespace fer
