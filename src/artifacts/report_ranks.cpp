#include <algorithm>
#include <array>

#include "artifacts/html.h"
#include "artifacts/report_parts.h"

namespace fer {
namespace {

struct Part {
  const char* name;
  double RankSeconds::*seconds;
};

constexpr std::array<Part, 4> kParts = {{{"compute", &RankSeconds::compute},
                                         {"communication", &RankSeconds::communication},
                                         {"data", &RankSeconds::data},
                                         {"other", &RankSeconds::other}}};

double total(const RankSeconds& rank) {
  return rank.compute + rank.communication + rank.data + rank.other;
}

/// The parts of a rank's seconds as one bar, which is as long as its share of the longest.
std::string stacked_bar(const RankSeconds& rank, double longest) {
  if (!(total(rank) > 0)) return "";
  auto html =
      fmt::format("<span class=\"parts\" style=\"width: {}\" aria-hidden=\"true\">", percent(total(rank) / longest));
  for (std::size_t i = 0; i < kParts.size(); ++i)
    append(html, "<span class=\"{}\" style=\"width: {}\"></span>", series_class(i),
           percent(rank.*kParts[i].seconds / total(rank)));
  return html + "</span>";
}

std::string second_cells(const RankSeconds& rank) {
  std::string html;
  for (const auto& part : kParts) append(html, "<td>{:.1f}</td>", rank.*part.seconds);
  append(html, "<td>{:.1f}</td>", total(rank));
  return html;
}

}  // namespace

std::string rank_seconds(const Report& report) {
  if (report.ranks.empty()) return "";
  std::string html =
      "<table class=\"wide\">\n<caption>Seconds of training, by what they went to</caption>\n<thead>\n"
      "<tr><th scope=\"col\">rank</th><th class=\"text\" scope=\"col\">host</th><td></td>";
  for (std::size_t i = 0; i < kParts.size(); ++i)
    append(html, "<th class=\"unbroken\" scope=\"col\"><span class=\"patch {}\"></span>{}</th>", series_class(i),
           kParts[i].name);
  html += "<th scope=\"col\">all</th></tr>\n</thead>\n<tbody>\n";
  RankSeconds sum;
  double longest = 0;
  for (const auto& rank : report.ranks) {
    for (const auto& part : kParts) sum.*part.seconds += rank.*part.seconds;
    longest = std::max(longest, total(rank));
  }
  for (const auto& rank : report.ranks)
    append(html, "<tr><th scope=\"row\">{}</th><td class=\"text\">{}</td><td class=\"rest\">{}</td>{}</tr>\n",
           rank.rank, escaped(rank.host), stacked_bar(rank, longest), second_cells(rank));
  append(html, "</tbody>\n<tfoot>\n<tr><th scope=\"row\">all</th><td></td><td></td>{}</tr>\n</tfoot>\n</table>\n",
         second_cells(sum));
  return scrolling("Seconds of each rank", html);
}

}  // namespace fer
