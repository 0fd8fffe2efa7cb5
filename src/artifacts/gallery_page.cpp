#include "artifacts/gallery_page.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "artifacts/html.h"
#include "artifacts/png.h"
#include "base/text.h"

namespace fer {
namespace {

std::int64_t total(const GalleryRow& row) {
  return std::accumulate(row.counts.begin(), row.counts.end(), std::int64_t{0});
}

class Page {
 public:
  explicit Page(const Gallery& gallery) : gallery_(gallery) {}
  std::string text();

 private:
  void add_histogram();
  void add_class(const GalleryRow& row);
  void add_groups();
  void add_pictures(const std::string& name, const std::vector<GalleryPicture>& pictures);

  const Gallery& gallery_;
  std::string html_;
};

std::string Page::text() {
  html_ = page_start(gallery_.title);
  append(html_, "<main>\n<h1>{}</h1>\n", escaped(gallery_.title));
  add_histogram();
  for (const auto& row : gallery_.rows) add_class(row);
  if (!gallery_.groups.empty()) add_groups();
  html_ += "</main>\n" + page_end();
  return std::move(html_);
}

void Page::add_histogram() {
  std::int64_t samples = 0, largest = 1;
  for (const auto& row : gallery_.rows) {
    samples += total(row);
    largest = std::max(largest, total(row));
  }
  append(html_, "<p>Samples: {} · Classes: {} · Pixels: {} × {}</p>\n<ul class=\"bars\">\n", with_commas(samples),
         gallery_.rows.size(), gallery_.width, gallery_.height);
  for (const auto& row : gallery_.rows) {
    const auto share = [&](std::int64_t of) {
      return static_cast<double>(total(row)) / static_cast<double>(std::max<std::int64_t>(of, 1));
    };
    append(html_,
           "<li><span class=\"name\">{}</span><span class=\"bar\" style=\"width: {}\"></span>"
           "<span class=\"count\">{} ({})</span></li>\n",
           escaped(row.name), percent(share(largest)), with_commas(total(row)), percent(share(samples)));
  }
  html_ += "</ul>\n";
}

void Page::add_class(const GalleryRow& row) {
  std::vector<std::string> counts;
  for (std::size_t i = 0; i < gallery_.splits.size(); ++i)
    counts.push_back(fmt::format("{} {}", escaped(gallery_.splits[i]), with_commas(row.counts[i])));
  append(html_, "<section>\n<h2>{}</h2>\n<p>{}</p>\n", escaped(row.name), join(counts));
  add_pictures(row.name, row.pictures);
  html_ += "</section>\n";
}

void Page::add_groups() {
  append(html_, "<h2>{}</h2>\n", escaped(gallery_.groups_title));
  for (const auto& group : gallery_.groups) {
    append(html_, "<section>\n<h3>{}</h3>\n", escaped(group.name));
    add_pictures(group.name, group.pictures);
    html_ += "</section>\n";
  }
}

void Page::add_pictures(const std::string& name, const std::vector<GalleryPicture>& pictures) {
  html_ += "<div class=\"pictures\">\n";
  for (std::size_t i = 0; i < pictures.size(); ++i)
    append(html_, "<img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{}, picture {} of {}\">\n",
           png_address(encode_png_gray(pictures[i], gallery_.height, gallery_.width)), gallery_.width, gallery_.height,
           escaped(name), i + 1, pictures.size());
  html_ += "</div>\n";
}

}  // namespace

std::string gallery_page(const Gallery& gallery) {
  return Page(gallery).text();
}

}  // namespace fer
