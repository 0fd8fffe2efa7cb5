#include <algorithm>
#include <numeric>

#include "artifacts/html.h"
#include "artifacts/report_parts.h"

namespace fer {
namespace {

std::int64_t total(const ClassCounts& split) {
  return std::accumulate(split.counts.begin(), split.counts.end(), std::int64_t{0});
}

double share(const ClassCounts& split, std::size_t label) {
  return static_cast<double>(split.counts[label]) / static_cast<double>(std::max<std::int64_t>(total(split), 1));
}

/// Counts, with bars of shares, so that splits of different sizes can be compared.
std::string class_histogram(const Report& report) {
  if (report.class_counts.empty() || report.classes.empty()) return "";
  constexpr std::size_t kColumnRem = 9;  // no narrower, so that bars can be compared
  double largest = 0;
  std::string heads, rows, sums;
  for (const auto& split : report.class_counts) {
    append(heads, "<th class=\"text\" scope=\"col\">{}</th>", escaped(split.split));
    append(sums, "<td class=\"text\">{}</td>", with_commas(total(split)));
    for (std::size_t c = 0; c < split.counts.size(); ++c) largest = std::max(largest, share(split, c));
  }
  for (std::size_t c = 0; c < report.classes.size(); ++c) {
    append(rows, "<tr><th scope=\"row\">{}</th>", escaped(report.classes[c]));
    for (const auto& split : report.class_counts)
      append(rows, "<td class=\"text\">{} ({})<span class=\"bar\" style=\"width: {}\"></span></td>",
             with_commas(split.counts[c]), percent(share(split, c)),
             percent(largest == 0 ? 0 : share(split, c) / largest));
    rows += "</tr>\n";
  }
  return scrolling(
      "Classes",
      fmt::format("<table class=\"wide even\" style=\"min-width: {}rem\">\n<caption>Samples of each class, and their "
                  "share of the split</caption>\n"
                  "<thead>\n<tr><th scope=\"col\">class</th>{}</tr>\n</thead>\n<tbody>\n{}</tbody>\n<tfoot>\n"
                  "<tr><th scope=\"row\">all</th>{}</tr>\n</tfoot>\n</table>\n",
                  kColumnRem * (report.class_counts.size() + 1), heads, rows, sums));
}

std::string augmentation(const Report& report) {
  if (report.augmentation.empty() && report.augmented.empty()) return "";
  std::string html = "<h3>Augmentation</h3>\n";
  if (!report.augmentation.empty()) append(html, "<p><code>{}</code></p>\n", escaped(report.augmentation));
  if (!report.augmented.empty()) html += "<p>On the left a picture as it is stored, then as training may see it.</p>\n";
  for (std::size_t i = 0; i < report.augmented.size(); ++i) {
    const auto& [stored, changed] = report.augmented[i];
    append(html, "<div class=\"pictures\">\n{}\n",
           gray_image(stored, report.height, report.width, fmt::format("picture {} as stored", i + 1),
                      " class=\"stored\""));
    for (std::size_t k = 0; k < changed.size(); ++k)
      append(html, "{}\n",
             gray_image(changed[k], report.changed_height, report.changed_width,
                        fmt::format("picture {}, change {} of {}", i + 1, k + 1, changed.size())));
    html += "</div>\n";
  }
  return html;
}

}  // namespace

std::string data_overview(const Report& report) {
  return class_histogram(report) + augmentation(report);
}

}  // namespace fer
