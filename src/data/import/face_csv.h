#pragma once

#include <memory>

#include "data/import/face_table.h"
#include "data/import/fer_plus.h"
#include "data/sample_source.h"

namespace fer {

/// The class names of FER2013 in the order of its labels 0 to 6.
const std::vector<std::string>& fer2013_classes();

/// Faces in CSV files with a header: `fer2013.csv` and its like, whose column `Usage` tells the split (Training,
/// PublicTest and PrivateTest become train, public_test and private_test; without the column all is train), or Kaggle's
/// pair `train.csv` and `test.csv`. Pictures are square. Ids are those of an `id` column, else rows of the split from
/// 0.
class FaceCsv final : public SampleSource {
 public:
  /// @param classes   names in label order; empty: FER2013's, or those of FER+.
  /// @param fer_plus  labels that replace those of the file, line by line.
  /// @throws Error (kBadInput) naming file and column. Bad rows do not throw, but are listed by refused().
  static std::unique_ptr<FaceCsv> from_file(const std::filesystem::path& path, std::vector<std::string> classes,
                                            int threads, std::optional<FerPlus> fer_plus = std::nullopt);

  /// Whether a folder holds Kaggle's pair.
  static bool recognises_folder(const std::filesystem::path& folder);
  /// Of `train.csv`, `test.csv`, perhaps `test_labels.csv` (`id,emotion`), and perhaps a sample submission, a file
  /// whose name contains "submission": its header, ids and their order become those of the test split.
  /// @throws Error (kBadInput) as from_file(), and for a bad row of a test that labels or sample name.
  static std::unique_ptr<FaceCsv> from_folder(const std::filesystem::path& folder, std::vector<std::string> classes,
                                              int threads);

  std::int64_t height() const override { return side_; }
  std::int64_t width() const override { return side_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<SplitShape>& splits() const override { return shapes_; }
  std::string description() const override;
  std::vector<std::string> refused() const override { return refused_; }
  std::int64_t left_out() const override { return left_out_; }
  std::string submission_header() const override { return submission_header_; }
  void read(std::size_t split, std::int64_t row, Sample& sample) const override;

 private:
  explicit FaceCsv(std::vector<std::string> classes);

  FaceTable& add_table(const std::filesystem::path& path, int threads);
  void add_split(const std::string& name, const FaceTable& table, std::vector<FaceRow> rows);
  void add_splits(const FaceTable& table, std::vector<FaceRow> rows);
  std::vector<FaceRow> relabelled(const FaceTable& table, std::vector<FaceRow> rows);
  std::vector<FaceRow> labelled(std::vector<FaceRow> rows, const std::filesystem::path& labels_path, int threads);
  std::vector<FaceRow> ordered(std::vector<FaceRow> rows, const std::filesystem::path& sample_path, int threads);
  void refuse(const TextFile& file, std::int64_t line, const std::string& what);
  void require_none_refused(std::size_t before) const;
  void read_all(std::size_t split) const;

  struct Part {
    const TextFile* file = nullptr;
    std::vector<FaceRow> rows;
  };

  std::vector<std::string> classes_;
  std::vector<std::unique_ptr<FaceTable>> tables_;
  std::optional<FerPlus> fer_plus_;
  std::int64_t left_out_ = 0;
  std::int64_t side_ = 0;
  std::vector<SplitShape> shapes_;
  std::vector<Part> parts_;
  std::vector<std::string> refused_;
  std::string submission_header_;
};

}  // namespace fer
