#pragma once

#include <filesystem>
#include <optional>

#include "data/import/image_file.h"
#include "data/sample_source.h"

namespace fer {

/// Pictures in folders named by class, as in `train/happy/0001.jpg`. A picture is a file, or a symbolic link to one,
/// whose name ends in .jpg, .jpeg or .png. Capitals do not matter there, nor in the names of splits.
///
/// Splits are folders named train, validation, test, public_test or private_test; `val` and `valid` mean validation,
/// and Kaggle's `Training`, `PublicTest` and `PrivateTest` are known. Without any such folder, the class folders are a
/// lone split `train`. A test split may hold its pictures without class folders: it is unlabelled then.
/// Splits without pictures are left out.
///
/// Rows are in bytewise order of class folder and file name, whatever order the file system has them in. Ids are row
/// numbers from 0; in an unlabelled split whose file names are all numbers, as in `17.png`, those numbers.
///
/// Hidden entries, files with other endings and folders beside those of the splits are ignored, but counted.
class ImageTree final : public SampleSource {
 public:
  /// Whether `folder` holds a folder named like a split, or one with a picture in it.
  static bool recognises(const std::filesystem::path& folder);

  /// Lists the files, but reads none, except to learn the shape of the first that can be read if `size` is 0.
  /// @param classes  names in label order; empty: the names of all class folders, in bytewise order.
  /// @param size  height and width that every picture is stretched to, up to kLongestImageSide; 0: all have one shape.
  /// @throws Error (kBadInput) if a folder cannot be listed, there is no picture, a class folder is not in `classes` or
  ///         holds a folder, there are more than 256 classes, two folders mean the same split, a split's pictures are
  ///         in no class folder (or, of a test split, only some), or two pictures have the same number as id.
  ImageTree(const std::filesystem::path& folder, std::vector<std::string> classes, std::int64_t size);

  std::int64_t height() const override { return height_; }
  std::int64_t width() const override { return width_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<SplitShape>& splits() const override { return splits_; }
  /// @throws Error (kBadInput) naming the file if it is no whole picture, or with size 0 not of the first's shape.
  void read(std::size_t split, std::int64_t row, Sample& sample) const override;

  std::string description() const override;
  /// The number of files and folders that were passed over.
  std::int64_t ignored() const { return ignored_; }

 private:
  /// The pictures of one folder, which are consecutive rows of a split.
  struct PictureFolder {
    std::filesystem::path path;
    std::string class_name;  // empty if unknown
    std::vector<std::string> files;
    std::int64_t first_row = 0;
    std::optional<std::uint8_t> label;
    std::vector<std::int64_t> ids;  // empty: row numbers
  };
  using Split = std::vector<PictureFolder>;

  void list_splits(const std::filesystem::path& folder);
  void list_split(const std::string& name, const std::filesystem::path& folder);
  PictureFolder list_class(const std::filesystem::path& folder, const std::string& class_name);
  void add_split(const std::string& name, Split split, bool labelled);
  void name_classes();
  void set_labels();
  GrayImage first_readable_picture();

  std::vector<std::string> classes_;
  std::int64_t size_;
  std::int64_t height_;
  std::int64_t width_;
  std::int64_t ignored_ = 0;
  std::vector<SplitShape> splits_;
  std::vector<Split> folders_;           // by split
  std::filesystem::path first_picture_;  // whose shape all have, where they are not stretched
};

}  // namespace fer
