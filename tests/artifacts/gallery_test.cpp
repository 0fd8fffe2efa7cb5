#include "artifacts/gallery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "artifacts/png.h"
#include "base/atomic_file.h"
#include "data/import/image_file.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {
namespace {

GalleryPicture plain(std::uint8_t level) {
  return GalleryPicture(2 * 3, level);
}

/// Pictures of 2x3 pixels, each of one level.
Gallery small_gallery() {
  Gallery gallery{"faces", 2, 3, {"train", "test"}, {}, "Equal pictures", {}};
  gallery.rows.push_back({"angry", {1200, 34}, {plain(10), plain(20)}});
  gallery.rows.push_back({"happy", {600, 0}, {plain(30)}});
  return gallery;
}

std::string page_of(const Gallery& gallery) {
  const TemporaryFolder folder;
  write_gallery(folder / "gallery.html", gallery);
  return read_file(folder / "gallery.html");
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST(Png, ReadsBackAsItWas) {
  GalleryPicture pixels(7 * 5);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(7 * i);
  const auto picture = decode_image(encode_png_gray(pixels, 7, 5), "encoded");
  EXPECT_EQ(picture.height, 7);
  EXPECT_EQ(picture.width, 5);
  EXPECT_EQ(picture.pixels, pixels);
  expect_error(ExitCode::kInternal, {"number of pixels"}, [&] { encode_png_gray(pixels, 5, 5); });
}

TEST(Png, HasColoursToo) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 7 * 5; ++i) pixels.insert(pixels.end(), 3, static_cast<std::uint8_t>(7 * i));
  const auto gray = decode_image(encode_png_rgb(pixels, 7, 5), "encoded");
  EXPECT_EQ(gray.height, 7);
  EXPECT_EQ(gray.width, 5);
  for (std::size_t i = 0; i < gray.pixels.size(); ++i) EXPECT_EQ(gray.pixels[i], pixels[3 * i]);
  const std::vector<std::uint8_t> red = {255, 0, 0}, green = {0, 255, 0};
  EXPECT_LT(decode_image(encode_png_rgb(red, 1, 1), "red").pixels,
            decode_image(encode_png_rgb(green, 1, 1), "green").pixels);
  expect_error(ExitCode::kInternal, {"number of pixels"}, [&] { encode_png_rgb(gray.pixels, 7, 5); });
}

TEST(ContactSheet, HasARowForEachClassAndGroup) {
  const TemporaryFolder folder;
  auto gallery = small_gallery();
  gallery.groups.push_back({"train 3, test 5", {plain(40), plain(40), plain(41)}});
  write_gallery(folder / "gallery.png", gallery);
  const auto sheet = read_image(folder / "gallery.png");
  ASSERT_EQ(sheet.width, 3 * 3 + 2 * 2);
  ASSERT_EQ(sheet.height, 3 * 2 + 8 + 32);
  const auto level = [&](std::int64_t y, std::int64_t x) {
    return int{sheet.pixels[static_cast<std::size_t>(y * sheet.width + x)]};
  };
  EXPECT_EQ(level(0, 0), 10);
  EXPECT_EQ(level(1, 2), 10);
  EXPECT_EQ(level(0, 3), 255);  // the gap
  EXPECT_EQ(level(0, 5), 20);
  EXPECT_EQ(level(0, 10), 255);  // no third picture
  EXPECT_EQ(level(2, 0), 255);
  EXPECT_EQ(level(10, 0), 30);
  EXPECT_EQ(level(44, 12), 41);
}

TEST(GalleryPage, TellsNamesAndCounts) {
  const auto page = page_of(small_gallery());
  for (const auto* part :
       {"<title>faces</title>", "Samples: 1,834 · Classes: 2 · Pixels: 3 × 2", "train 1,200, test 34",
        "train 600, test 0", "1,234 (67.3%)", "width: 48.6%", "alt=\"angry, picture 2 of 2\""})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(count(page, "<img "), 3U);
  EXPECT_EQ(page.find("Equal pictures"), std::string::npos);
}

TEST(GalleryPage, ShowsGroups) {
  auto gallery = small_gallery();
  gallery.groups.push_back({"train 3, test 5", {plain(40), plain(41)}});
  const auto page = page_of(gallery);
  EXPECT_NE(page.find("Equal pictures"), std::string::npos);
  EXPECT_NE(page.find("train 3, test 5</h3>"), std::string::npos);
  EXPECT_EQ(count(page, "<img "), 5U);
}

TEST(GalleryPage, NeedsNothingElse) {
  const auto page = page_of(small_gallery());
  for (const auto* part : {"http", "<script", "<link", "url(", "@import"}) EXPECT_EQ(count(page, part), 0U) << part;
  EXPECT_EQ(count(page, "<img "), count(page, "src=\"data:image/png;base64,iVBORw0KGgo"));
}

TEST(GalleryPage, NamesAreTextOnly) {
  auto gallery = small_gallery();
  gallery.title = "<b>\"faces\" & 'more'</b>";
  gallery.rows[0].name = "\"><script>alert(1)</script>";
  gallery.splits[1] = "<test>";
  gallery.groups.push_back({"<i>", {plain(1)}});
  gallery.groups_title = "<u>";
  const auto page = page_of(gallery);
  for (const auto* part : {"<b>", "<script", "\"><s", "<test>", "<i>", "<u>"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  EXPECT_NE(page.find("<title>&lt;b&gt;&quot;faces&quot; &amp; &#39;more&#39;&lt;/b&gt;</title>"), std::string::npos);
}

TEST(Gallery, WithoutSamplesIsWrittenAllTheSame) {
  const TemporaryFolder folder;
  const Gallery gallery{"nothing yet", 2, 3, {"train"}, {{"angry", {0}, {}}}, "", {}};
  write_gallery(folder / "gallery.png", gallery);
  EXPECT_EQ(read_image(folder / "gallery.png").height, 2);
  EXPECT_NE(page_of(gallery).find("Samples: 0 · Classes: 1"), std::string::npos);
}

TEST(Gallery, OtherExtensionsAreRefused) {
  const TemporaryFolder folder;
  for (const auto* name : {"gallery.jpg", "gallery", "gallery.PDF"})
    expect_error(ExitCode::kUsage, {name, ".html", ".png"}, [&] { write_gallery(folder / name, small_gallery()); });
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Gallery, PicturesAndCountsMustFit) {
  const TemporaryFolder folder;
  for (const auto& spoil : std::vector<std::function<void(Gallery&)>>{
           [](Gallery& g) { g.rows[1].pictures[0].pop_back(); }, [](Gallery& g) { g.rows[0].counts.pop_back(); },
           [](Gallery& g) {
             g.groups.push_back({"", {{}}});
           }}) {
    auto gallery = small_gallery();
    spoil(gallery);
    expect_error(ExitCode::kInternal, {"gallery"}, [&] { write_gallery(folder / "gallery.html", gallery); });
  }
}

}  // namespace fer
