#include "artifacts/html.h"

#include <algorithm>
#include <cstddef>

#include "artifacts/page_style.h"

namespace fer {
namespace {

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

}  // namespace

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

std::string png_address(std::string_view file) {
  return "data:image/png;base64," + base64(file);
}

std::string with_commas(std::int64_t number) {
  auto text = fmt::format("{}", number);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<std::size_t>(i), 1, ',');
  return text;
}

std::string percent(double share) {
  return fmt::format("{:.1f}%", 100 * share);
}

std::string scrolling(std::string_view name, std::string_view html) {
  return fmt::format("<div class=\"scrolling\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n{}</div>\n",
                     escaped(name), html);
}

std::string page_start(std::string_view title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      escaped(title), kPageStyle);
}

std::string page_end() {
  return "</body>\n</html>\n";
}

std::string sectioned_page(std::string_view title, std::string_view subtitle, std::string_view html,
                           const std::vector<PageSection>& sections) {
  auto page = page_start(title);
  append(page, "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header>\n<h1>{}</h1>\n", escaped(title));
  if (!subtitle.empty()) append(page, "<p>{}</p>\n", escaped(subtitle));
  std::string links;
  int shown = 0;
  for (const auto& section : sections) {
    if (section.html.empty()) continue;
    append(links, "<li><a href=\"#{}\">{}</a></li>\n", section.id, escaped(section.title));
    ++shown;
  }
  if (shown > 1) append(page, "<nav aria-label=\"Contents\">\n<ul>\n{}</ul>\n</nav>\n", links);
  append(page, "</header>\n<main id=\"content\" tabindex=\"-1\">\n{}", html);
  for (const auto& section : sections)
    if (!section.html.empty())
      append(page, "<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", section.id, escaped(section.title),
             section.html);
  return page + "</main>\n" + page_end();
}

}  // namespace fer
