#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fer {

/// Text as it may stand in HTML, between tags and within quotes.
std::string escaped(std::string_view text);

/// A PNG file as an address that holds the file itself.
std::string png_address(std::string_view file);

/// 28709 -> "28,709"
std::string with_commas(std::int64_t number);

/// A share as percent: 0.6728 -> "67.3%"
std::string percent(double share);

/// Adds formatted text; what of it is not HTML comes escaped.
template <class... Values>
void append(std::string& html, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(html), format, std::forward<Values>(values)...);
}

/// A table, or what else may be wider than a phone, in a frame that scrolls by itself and can be reached by keyboard.
/// @param name  by which a screen reader announces it; not escaped yet
std::string scrolling(std::string_view name, std::string_view html);

/// The page up to where its body begins, with the style sheet that all pages share. It takes nothing from the network.
std::string page_start(std::string_view title);
std::string page_end();

/// A part of a page that its table of contents leads to.
struct PageSection {
  std::string id;
  std::string title;
  std::string html;  // empty: there is nothing to show, so the section is left out
};

/// A page with a title, a line under it, a table of contents and sections.
/// @param html  what comes ahead of the sections
std::string sectioned_page(std::string_view title, std::string_view subtitle, std::string_view html,
                           const std::vector<PageSection>& sections);

}  // namespace fer
