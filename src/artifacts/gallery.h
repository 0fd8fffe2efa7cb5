#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fer {

/// height x width gray levels, row by row.
using GalleryPicture = std::vector<std::uint8_t>;

/// A class of a dataset and some of its pictures.
struct GalleryRow {
  std::string name;
  std::vector<std::int64_t> counts;  // samples of the class, one number for each of Gallery::splits
  std::vector<GalleryPicture> pictures;
};

/// Pictures to be seen side by side, such as duplicates.
struct GalleryGroup {
  std::string name;
  std::vector<GalleryPicture> pictures;
};

/// What a dataset looks like.
struct Gallery {
  std::string title;
  std::int64_t height = 0;  // of every picture
  std::int64_t width = 0;
  std::vector<std::string> splits;
  std::vector<GalleryRow> rows;
  std::string groups_title;
  std::vector<GalleryGroup> groups;
};

/// Writes a gallery as the extension of `path` says. `.html`: one page that needs nothing else, with names, counts, a
/// histogram of the classes and all pictures. `.png`: the pictures alone, a row for each class, then, further apart, a
/// row for each group.
/// @throws Error (kUsage) for any other extension, (kIo); (kInternal) if a picture or a list of counts has another size
/// than the gallery says.
void write_gallery(const std::filesystem::path& path, const Gallery& gallery);

}  // namespace fer
