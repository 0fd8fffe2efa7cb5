#include "artifacts/gallery_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>
#include <utility>

#include "artifacts/png.h"
#include "base/text.h"

namespace fer {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --faint: #5f6670; --line: #e1e4e8; --bar: #3b6fb6; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e8eaed; --faint: #a0a7b1; --line: #33383f; --bar: #6f9fdf; }
}
* { box-sizing: border-box; }
body { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
       font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
h1, h2, h3, p, ul { margin: 0; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin-top: 1.5rem; }
p { color: var(--faint); }
ul { padding: 0; list-style: none; }
.bars { display: grid; grid-template-columns: fit-content(40%) 1fr auto; gap: 0.4rem 0.75rem; margin-top: 1rem; }
.bars li { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; }
.bars .name { overflow-wrap: anywhere; }
.bars .count { text-align: right; color: var(--faint); }
.bar { height: 0.9rem; min-width: 1px; border-radius: 2px; background: var(--bar); print-color-adjust: exact;
       -webkit-print-color-adjust: exact; }
.pictures { display: flex; flex-wrap: wrap; gap: 4px; margin-top: 0.5rem; }
.pictures img { display: block; height: 4.5rem; width: auto; border-radius: 2px; }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --faint: #444; --line: #bbb; --bar: #555; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  section { break-inside: avoid; }
  h1, h2, h3 { break-after: avoid; }
  .pictures img { height: 14mm; }
}
)";

/// Text as it may stand in HTML, between tags and within quotes.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto present = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < present ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= present ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// 28709 -> "28,709"
std::string with_commas(std::int64_t number) {
  auto text = fmt::format("{}", number);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<std::size_t>(i), 1, ',');
  return text;
}

std::int64_t total(const GalleryRow& row) {
  return std::accumulate(row.counts.begin(), row.counts.end(), std::int64_t{0});
}

class Page {
 public:
  explicit Page(const Gallery& gallery) : gallery_(gallery) {}
  std::string text();

 private:
  template <class... Values>
  void add(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
  }
  void add_head();
  void add_histogram();
  void add_class(const GalleryRow& row);
  void add_groups();
  void add_pictures(const std::string& name, const std::vector<GalleryPicture>& pictures);

  const Gallery& gallery_;
  std::string html_;
};

std::string Page::text() {
  add_head();
  add_histogram();
  for (const auto& row : gallery_.rows) add_class(row);
  if (!gallery_.groups.empty()) add_groups();
  add("</main>\n</body>\n</html>\n");
  return std::move(html_);
}

void Page::add_head() {
  const auto title = escaped(gallery_.title);
  add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n",
      title, kStyle, title);
}

void Page::add_histogram() {
  std::int64_t samples = 0, largest = 1;
  for (const auto& row : gallery_.rows) {
    samples += total(row);
    largest = std::max(largest, total(row));
  }
  add("<p>Samples: {} · Classes: {} · Pixels: {} × {}</p>\n<ul class=\"bars\">\n", with_commas(samples),
      gallery_.rows.size(), gallery_.width, gallery_.height);
  for (const auto& row : gallery_.rows) {
    const auto share = [&](std::int64_t of) {
      return 100.0 * static_cast<double>(total(row)) / static_cast<double>(std::max<std::int64_t>(of, 1));
    };
    add("<li><span class=\"name\">{}</span><span class=\"bar\" style=\"width: {:.1f}%\"></span>"
        "<span class=\"count\">{} ({:.1f}%)</span></li>\n",
        escaped(row.name), share(largest), with_commas(total(row)), share(samples));
  }
  add("</ul>\n");
}

void Page::add_class(const GalleryRow& row) {
  std::vector<std::string> counts;
  for (std::size_t i = 0; i < gallery_.splits.size(); ++i)
    counts.push_back(fmt::format("{} {}", escaped(gallery_.splits[i]), with_commas(row.counts[i])));
  add("<section>\n<h2>{}</h2>\n<p>{}</p>\n", escaped(row.name), join(counts));
  add_pictures(row.name, row.pictures);
  add("</section>\n");
}

void Page::add_groups() {
  add("<h2>{}</h2>\n", escaped(gallery_.groups_title));
  for (const auto& group : gallery_.groups) {
    add("<section>\n<h3>{}</h3>\n", escaped(group.name));
    add_pictures(group.name, group.pictures);
    add("</section>\n");
  }
}

void Page::add_pictures(const std::string& name, const std::vector<GalleryPicture>& pictures) {
  add("<div class=\"pictures\">\n");
  for (std::size_t i = 0; i < pictures.size(); ++i)
    add("<img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}, picture {} of {}\">\n",
        base64(encode_png_gray(pictures[i], gallery_.height, gallery_.width)), gallery_.width, gallery_.height,
        escaped(name), i + 1, pictures.size());
  add("</div>\n");
}

}  // namespace

std::string gallery_page(const Gallery& gallery) {
  return Page(gallery).text();
}

}  // namespace fer
