#include "data/picture_files.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <glob.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/import/image_file.h"
#include "data/import/resize.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

void sort_bytewise(std::vector<fs::path>& files) {
  std::ranges::sort(files, {}, [](const fs::path& file) { return file.string(); });
}

/// Adds the pictures of a folder and of those in it, but not of what links lead to.
void add_pictures_in(const fs::path& folder, std::vector<fs::path>& files, std::vector<std::string>& complaints) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code unknown;  // of a link that leads round in a circle
    if (entry->is_directory(unknown) && !entry->is_symlink(unknown))
      add_pictures_in(entry->path(), files, complaints);
    else if (!entry->path().filename().string().starts_with('.') && ends_like_a_picture(entry->path().native()) &&
             entry->is_regular_file(unknown))
      files.push_back(entry->path());
  }
  if (error) complaints.push_back(fmt::format("cannot list '{}': {}.", folder.string(), error.message()));
}

/// The files and folders that a pattern fits; none if it fits none.
std::vector<fs::path> fitting(const std::string& pattern, std::vector<std::string>& complaints) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<fs::path> paths;
  if (status == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (status != 0 && status != GLOB_NOMATCH)
    complaints.push_back(fmt::format(
        "cannot look for what '{}' fits: there are too many files, or folders that cannot be read.", excerpt(pattern)));
  sort_bytewise(paths);
  return paths;
}

/// A file may be called like a pattern; and a pattern that fits nothing is a file that is missing.
std::vector<fs::path> named_by(const std::string& path, std::vector<std::string>& complaints) {
  std::error_code missing;
  if (path.find_first_of("*?[") == std::string::npos || fs::exists(fs::symlink_status(path, missing))) return {path};
  const auto known = complaints.size();
  auto paths = fitting(path, complaints);
  if (paths.empty() && complaints.size() == known) paths.push_back(path);
  return paths;
}

void add_pictures(const fs::path& path, std::vector<fs::path>& files, std::vector<std::string>& complaints) {
  std::error_code missing;
  if (!fs::is_directory(path, missing)) {
    files.push_back(path);
    return;
  }
  std::vector<fs::path> more;
  const auto known = complaints.size();
  add_pictures_in(path, more, complaints);
  if (more.empty() && complaints.size() == known)
    complaints.push_back(fmt::format("'{}' holds no pictures (.jpg, .jpeg or .png).", path.string()));
  sort_bytewise(more);
  files.insert(files.end(), more.begin(), more.end());
}

}  // namespace

std::vector<fs::path> list_pictures(const std::vector<std::string>& paths, std::vector<std::string>& complaints) {
  std::vector<fs::path> files;
  for (const auto& path : paths)
    for (const auto& named : named_by(path, complaints)) add_pictures(named, files, complaints);
  return files;
}

PictureBatch read_pictures(const std::vector<fs::path>& files, std::int64_t height, std::int64_t width) {
  const auto count = static_cast<std::int64_t>(files.size());
  auto images = torch::empty({count, height, width}, torch::kUInt8);
  std::vector<std::string> complaints(files.size());
  for_each_index(count, at::get_num_threads(), [&](std::int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    try {
      auto picture = read_image(files[index]);
      if (picture.height != height || picture.width != width) picture = resize_gray(picture, height, width);
      std::memcpy(images.data_ptr<std::uint8_t>() + i * height * width, picture.pixels.data(), picture.pixels.size());
    } catch (const Error& error) {
      complaints[index] = error.what();
    }
  });

  PictureBatch batch;
  std::vector<std::int64_t> readable;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (complaints[i].empty()) {
      batch.files.push_back(files[i]);
      readable.push_back(static_cast<std::int64_t>(i));
    } else {
      batch.complaints.push_back(complaints[i]);
    }
  }
  batch.images = images.index_select(0, torch::tensor(readable, torch::kInt64));
  return batch;
}

}  // namespace fer
