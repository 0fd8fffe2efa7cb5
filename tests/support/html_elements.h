#pragma once

#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fer {

inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// What is wrong with the elements of a page or a piece of one: a tag that closes nothing or is not closed, a quote
/// that is not closed within its tag, an id that is there twice, a link to an id that is not there. Empty if all is
/// well.
inline std::string element_fault(std::string_view html) {
  const std::set<std::string> never_closed = {"!DOCTYPE", "meta", "img", "br", "link"};
  std::vector<std::string> open;
  std::set<std::string> ids, links;
  for (std::size_t at = 0; at < html.size(); ++at) {
    if (html[at] != '<') continue;
    auto end = at + 1;
    for (bool quoted = false; end < html.size() && (quoted || html[end] != '>'); ++end) {
      if (html[end] == '"') quoted = !quoted;
      if (html[end] == '<') return "a '<' within a tag: " + std::string(html.substr(at, end - at));
    }
    if (end >= html.size()) return "a tag without an end: " + std::string(html.substr(at, 60));
    const auto tag = html.substr(at + 1, end - at - 1);
    for (const auto& [key, found] : {std::pair{" id=\"", &ids}, std::pair{" href=\"#", &links}}) {
      const auto begin = tag.find(key);
      if (begin == std::string_view::npos) continue;
      const auto value = tag.substr(begin + std::string_view(key).size());
      if (!found->insert(std::string(value.substr(0, value.find('"')))).second && found == &ids)
        return "an id twice: " + std::string(tag);
    }
    const bool closes = tag.front() == '/';
    std::string name;
    for (auto i = closes ? std::size_t{1} : 0; i < tag.size() && tag[i] != '/' && !std::isspace(tag[i]); ++i)
      name += tag[i];
    if (closes) {
      if (open.empty() || open.back() != name)
        return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back());
      open.pop_back();
    } else if (tag.back() != '/' && !never_closed.contains(name)) {
      open.push_back(name);
    }
    at = end;
  }
  if (!open.empty()) return "<" + open.back() + "> is not closed";
  for (const auto& link : links)
    if (!ids.contains(link)) return "a link to #" + link + ", which is not there";
  return "";
}

}  // namespace fer
