#include "artifacts/gallery.h"

#include <fmt/format.h>

#include <algorithm>

#include "artifacts/gallery_page.h"
#include "artifacts/png.h"
#include "base/atomic_file.h"
#include "base/error.h"

namespace fer {
namespace {

constexpr std::uint8_t kPaper = 255;
constexpr std::size_t kPictureGap = 2;  // pixels
constexpr std::size_t kRowGap = 8;
constexpr std::size_t kPartGap = 32;

void require_fitting(const Gallery& gallery) {
  const auto pixels = static_cast<std::size_t>(gallery.height * gallery.width);
  const auto check = [&](const std::vector<GalleryPicture>& pictures) {
    for (const auto& picture : pictures)
      require(picture.size() == pixels, "a picture of a gallery has another size than the gallery");
  };
  for (const auto& row : gallery.rows) {
    require(row.counts.size() == gallery.splits.size(), "a gallery needs a count for each class and split");
    check(row.pictures);
  }
  for (const auto& group : gallery.groups) check(group.pictures);
}

/// A row of the contact sheet: where it begins and what it shows.
struct Strip {
  std::size_t top;
  const std::vector<GalleryPicture>* pictures;
};

class ContactSheet {
 public:
  explicit ContactSheet(const Gallery& gallery);
  std::string png() const;

 private:
  void add(const std::vector<GalleryPicture>& pictures, std::size_t gap);
  void paste(const GalleryPicture& picture, std::size_t top, std::size_t left, std::vector<std::uint8_t>& pixels) const;

  std::size_t picture_height_, picture_width_;
  std::size_t height_ = 0, width_;
  std::vector<Strip> strips_;
};

ContactSheet::ContactSheet(const Gallery& gallery)
    : picture_height_(static_cast<std::size_t>(gallery.height)),
      picture_width_(static_cast<std::size_t>(gallery.width)),
      width_(picture_width_) {
  for (const auto& row : gallery.rows) add(row.pictures, kRowGap);
  for (const auto& group : gallery.groups) add(group.pictures, &group == &gallery.groups.front() ? kPartGap : kRowGap);
}

void ContactSheet::add(const std::vector<GalleryPicture>& pictures, std::size_t gap) {
  const auto top = strips_.empty() ? 0 : height_ + gap;
  strips_.push_back({top, &pictures});
  height_ = top + picture_height_;
  if (!pictures.empty()) width_ = std::max(width_, pictures.size() * (picture_width_ + kPictureGap) - kPictureGap);
}

void ContactSheet::paste(const GalleryPicture& picture, std::size_t top, std::size_t left,
                         std::vector<std::uint8_t>& pixels) const {
  for (std::size_t y = 0; y < picture_height_; ++y)
    std::copy_n(picture.data() + y * picture_width_, picture_width_, pixels.data() + (top + y) * width_ + left);
}

std::string ContactSheet::png() const {
  std::vector<std::uint8_t> pixels(height_ * width_, kPaper);
  for (const auto& [top, pictures] : strips_)
    for (std::size_t i = 0; i < pictures->size(); ++i)
      paste((*pictures)[i], top, i * (picture_width_ + kPictureGap), pixels);
  return encode_png_gray(pixels, static_cast<std::int64_t>(height_), static_cast<std::int64_t>(width_));
}

}  // namespace

void write_gallery(const std::filesystem::path& path, const Gallery& gallery) {
  const auto extension = path.extension();
  require(extension == ".html" || extension == ".png", ExitCode::kUsage,
          fmt::format("cannot write a gallery to '{}': its name must end in .html, for a page, or .png, for a contact "
                      "sheet.",
                      path.string()));
  require_fitting(gallery);
  write_file_atomically(path, extension == ".html" ? gallery_page(gallery) : ContactSheet(gallery).png());
}

}  // namespace fer
