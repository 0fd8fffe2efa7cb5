#include "data/import/image_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "data/import/image_file.h"
#include "data/import/resize.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostClasses = 256;  // labels are bytes
constexpr std::int64_t kNoNumber = -1;

const std::vector<std::string> kSplits = {"train", "validation", "test", "public_test", "private_test"};

const std::map<std::string, std::string> kOtherSplitNames = {{"training", "train"},
                                                             {"val", "validation"},
                                                             {"valid", "validation"},
                                                             {"publictest", "public_test"},
                                                             {"privatetest", "private_test"}};

/// The split that a folder's name stands for; empty if none.
std::string split_named(const std::string& folder_name) {
  const auto name = lower_case(folder_name);
  if (std::ranges::find(kSplits, name) != kSplits.end()) return name;
  const auto other = kOtherSplitNames.find(name);
  return other == kOtherSplitNames.end() ? "" : other->second;
}

bool is_test(const std::string& split) {
  return split.ends_with("test");
}

bool is_hidden(const std::string& name) {
  return name.starts_with('.');
}

std::string name_of(const fs::directory_entry& entry) {
  const auto& path = entry.path().native();
  return path.substr(path.find_last_of('/') + 1);
}

/// What a folder holds, in bytewise order.
struct Listing {
  std::vector<std::string> folders;
  std::vector<std::string> pictures;
  std::int64_t ignored = 0;
};

// A name that ends like a picture's is taken for a picture even if it is a broken link, so that reading it complains.
void add_entry(Listing& listing, const fs::directory_entry& entry) {
  auto name = name_of(entry);
  std::error_code broken_link;
  if (is_hidden(name))
    ++listing.ignored;
  else if (entry.is_directory(broken_link))
    listing.folders.push_back(std::move(name));
  else if (ends_like_a_picture(name))
    listing.pictures.push_back(std::move(name));
  else
    ++listing.ignored;
}

Listing list_folder(const fs::path& folder) {
  Listing listing;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) add_entry(listing, entry);
  } catch (const fs::filesystem_error& error) {
    fail(ExitCode::kBadInput, fmt::format("cannot list '{}': {}.", folder.string(), error.code().message()));
  }
  std::ranges::sort(listing.folders);
  std::ranges::sort(listing.pictures);
  return listing;
}

/// Stops at the first, since there may be a million.
bool holds_picture(const fs::path& folder) {
  std::error_code unreadable;
  const fs::directory_iterator entries(folder, unreadable);
  return std::any_of(fs::begin(entries), fs::end(entries), [](const fs::directory_entry& entry) {
    const auto name = name_of(entry);
    return !is_hidden(name) && ends_like_a_picture(name);
  });
}

std::optional<std::int64_t> number_of(const std::string& file) {
  const auto stem = std::string_view(file).substr(0, file.find_last_of('.'));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  const bool whole = error == std::errc{} && end == stem.data() + stem.size() && number >= 0 && stem.front() != '-';
  return whole ? std::optional(number) : std::nullopt;
}

/// The numbers that the files are named by; none unless all of the kinds that are read are. Of another kind, whose
/// bytes may yet be read, a file that has no number of its own gets kNoNumber.
std::vector<std::int64_t> numbers_of(const fs::path& folder, const std::vector<std::string>& files) {
  std::map<std::int64_t, std::string> owners;
  for (const auto& file : files) {
    if (!ends_like_a_read_picture(file)) continue;
    const auto number = number_of(file);
    if (!number) return {};
    const auto [owner, is_new] = owners.emplace(*number, file);
    require(is_new, ExitCode::kBadInput,
            fmt::format("'{}' holds '{}' and '{}', which have the same number: it would be the id of both.",
                        folder.string(), owner->second, file));
  }
  std::vector<std::int64_t> numbers;
  for (const auto& file : files) {
    const auto number = number_of(file);
    const bool own = number && owners.try_emplace(*number, file).first->second == file;
    numbers.push_back(own ? *number : kNoNumber);
  }
  return numbers;
}

}  // namespace

bool ImageTree::recognises(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return false;
  const auto folders = list_folder(folder).folders;
  return std::ranges::any_of(
      folders, [&](const std::string& name) { return !split_named(name).empty() || holds_picture(folder / name); });
}

ImageTree::ImageTree(const fs::path& folder, std::vector<std::string> classes, std::int64_t size)
    : classes_(std::move(classes)), size_(size), height_(size), width_(size) {
  list_splits(folder);
  require(!splits_.empty(), ExitCode::kBadInput,
          fmt::format("'{}' holds no pictures: they are looked for in it as train/CLASS/NAME.jpg (or .jpeg, .png).",
                      folder.string()));
  if (classes_.empty()) name_classes();
  set_labels();
  if (size_ == 0) {
    const auto first = first_readable_picture();
    height_ = first.height;
    width_ = first.width;
  }
}

/// Which sets the size. What cannot be read ahead of it is told where it is to be stored.
GrayImage ImageTree::first_readable_picture() {
  std::exception_ptr failure;
  for (const auto& folders : folders_)
    for (const auto& folder : folders)
      for (const auto& file : folder.files) try {
          first_picture_ = folder.path / file;
          return read_image(first_picture_);
        } catch (const Error&) {
          if (!failure) failure = std::current_exception();
        }
  std::rethrow_exception(failure);
}

void ImageTree::list_splits(const fs::path& folder) {
  const Listing listing = list_folder(folder);
  std::map<std::string, std::string> folder_of_split;
  std::int64_t other_folders = 0;
  for (const auto& name : listing.folders) {
    const auto split = split_named(name);
    if (split.empty()) {
      ++other_folders;
      continue;
    }
    const auto [known, is_new] = folder_of_split.emplace(split, name);
    require(is_new, ExitCode::kBadInput,
            fmt::format("'{}' holds '{}' and '{}', which both mean the split {}: remove or rename one.",
                        folder.string(), known->second, name, split));
  }
  if (folder_of_split.empty()) return list_split("train", folder);
  ignored_ += listing.ignored + std::ssize(listing.pictures) + other_folders;
  for (const auto& split : kSplits)
    if (const auto found = folder_of_split.find(split); found != folder_of_split.end())
      list_split(split, folder / found->second);
}

void ImageTree::list_split(const std::string& name, const fs::path& folder) {
  Listing listing = list_folder(folder);
  ignored_ += listing.ignored;
  const bool labelled = !is_test(name) || !listing.folders.empty();
  Split split;
  if (!labelled) {
    PictureFolder& pictures = split.emplace_back();
    pictures.path = folder;
    pictures.ids = numbers_of(folder, listing.pictures);
    pictures.files = std::move(listing.pictures);
  } else if (!listing.pictures.empty()) {
    fail(ExitCode::kBadInput,
         fmt::format("'{}' lies in no class folder: only a test split may be without classes, and only as a whole.",
                     (folder / listing.pictures.front()).string()));
  }
  for (const auto& class_name : listing.folders) split.push_back(list_class(folder / class_name, class_name));
  add_split(name, std::move(split), labelled);
}

ImageTree::PictureFolder ImageTree::list_class(const fs::path& folder, const std::string& class_name) {
  Listing listing = list_folder(folder);
  ignored_ += listing.ignored;
  if (!listing.folders.empty())
    fail(ExitCode::kBadInput,
         fmt::format("'{}' is a folder within a class folder, which must hold pictures only: move or remove it.",
                     (folder / listing.folders.front()).string()));
  PictureFolder pictures;
  pictures.path = folder;
  pictures.class_name = class_name;
  pictures.files = std::move(listing.pictures);
  return pictures;
}

void ImageTree::add_split(const std::string& name, Split split, bool labelled) {
  std::int64_t rows = 0;
  for (auto& folder : split) {
    folder.first_row = rows;
    rows += std::ssize(folder.files);
  }
  if (rows == 0) return;
  splits_.push_back({name, rows, labelled});
  folders_.push_back(std::move(split));
}

void ImageTree::name_classes() {
  std::set<std::string> names;
  for (std::size_t i = 0; i < splits_.size(); ++i)
    if (splits_[i].labelled)
      for (const auto& folder : folders_[i]) names.insert(folder.class_name);
  classes_.assign(names.begin(), names.end());
}

void ImageTree::set_labels() {
  require(classes_.size() <= kMostClasses, ExitCode::kBadInput,
          fmt::format("there are {} classes, but at most {} are possible.", classes_.size(), kMostClasses));
  for (std::size_t i = 0; i < splits_.size(); ++i) {
    if (!splits_[i].labelled) continue;
    for (auto& folder : folders_[i]) {
      const auto found = std::ranges::find(classes_, folder.class_name);
      require(found != classes_.end(), ExitCode::kBadInput,
              fmt::format("'{}' is named like none of the classes {}; did you mean '{}'?", folder.path.string(),
                          join(classes_), closest_name(folder.class_name, classes_)));
      folder.label = static_cast<std::uint8_t>(found - classes_.begin());
    }
  }
}

std::string ImageTree::description() const {
  return fmt::format("image files in folders by class{}",
                     ignored_ > 0 ? fmt::format(" (not read: {} other files and folders)", ignored_) : "");
}

void ImageTree::read(std::size_t split, std::int64_t row, Sample& sample) const {
  const auto& folders = folders_.at(split);
  const auto& folder = *std::prev(std::ranges::upper_bound(folders, row, {}, &PictureFolder::first_row));
  const auto index = static_cast<std::size_t>(row - folder.first_row);
  const auto path = folder.path / folder.files.at(index);

  auto image = read_image(path);
  const bool fits = image.height == height_ && image.width == width_;
  if (!fits && size_ > 0) image = resize_gray(image, height_, width_);
  if (!fits && size_ == 0)
    fail(ExitCode::kBadInput,
         fmt::format("'{}' has {}x{} pixels, but '{}' has {}x{}: use --size to bring all to one shape.", path.string(),
                     image.width, image.height, first_picture_.string(), width_, height_));
  sample.pixels = std::move(image.pixels);
  sample.label = folder.label;
  sample.id = folder.ids.empty() ? row : folder.ids[index];
  require(
      sample.id != kNoNumber, ExitCode::kBadInput,
      fmt::format("'{}' has no number of its own, which would be its id, as the other pictures have.", path.string()));
}

}  // namespace fer
