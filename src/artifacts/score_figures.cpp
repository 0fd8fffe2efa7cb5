#include "artifacts/score_figures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "artifacts/html.h"
#include "base/error.h"

namespace fer {
namespace {

double share_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::int64_t sum(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

std::string header_cells(const std::vector<std::string>& names) {
  std::string html;
  for (const auto& name : names) append(html, "<th scope=\"col\">{}</th>", escaped(name));
  return html;
}

/// The mean over the classes of one of their scores.
double class_mean(const SplitScores& scores, double ClassScores::*score) {
  double total = 0;
  for (const auto& of_class : scores.per_class) total += of_class.*score;
  return total / static_cast<double>(std::max<std::size_t>(scores.per_class.size(), 1));
}

/// A second line of a cell; nothing where there is no interval.
std::string interval_below(const std::pair<double, double>& interval) {
  const auto& [low, high] = interval;
  if (std::isnan(low)) return "";
  return fmt::format("<small class=\"unbroken\">{:.0f}–{:.0f}%</small>", 100 * low, 100 * high);
}

}  // namespace

void require_fitting(const SplitScores& scores, const std::vector<std::string>& classes) {
  const auto fits = [&](const auto& list) { return list.size() == classes.size(); };
  require(fits(scores.per_class) && fits(scores.confusion) && std::ranges::all_of(scores.confusion, fits),
          "scores are of another number of classes than a report");
}

std::string confusion_table(const SplitScores& scores, const std::vector<std::string>& classes) {
  constexpr std::size_t kColumnRem = 5;  // no narrower, so that names and counts keep their room
  auto html = fmt::format(
      "<table class=\"heat wide even\" style=\"min-width: {}rem\">\n<caption>Each row is a true class, each column an "
      "answer: "
      "samples, and their share of the row</caption>\n<thead>\n<tr><th scope=\"col\">true</th>{}"
      "<th scope=\"col\">samples</th></tr>\n</thead>\n<tbody>\n",
      kColumnRem * (classes.size() + 2), header_cells(classes));
  std::vector<std::int64_t> answers(classes.size());
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto& row = scores.confusion[c];
    const auto samples = sum(row);
    append(html, "<tr><th scope=\"row\">{}</th>", escaped(classes[c]));
    for (std::size_t k = 0; k < row.size(); ++k) {
      answers[k] += row[k];
      const double share = share_of(row[k], samples);
      append(html, "<td style=\"--share: {:.3f}\">{}<small>{}</small></td>", share, with_commas(row[k]),
             samples == 0 ? "–" : percent(share));
    }
    append(html, "<td>{}</td></tr>\n", with_commas(samples));
  }
  html += "</tbody>\n<tfoot>\n<tr><th scope=\"row\">answers</th>";
  for (const auto count : answers) append(html, "<td>{}</td>", with_commas(count));
  append(html, "<td>{}</td></tr>\n</tfoot>\n</table>\n", with_commas(sum(answers)));
  return scrolling("Confusion matrix", html);
}

std::string class_table(const SplitScores& scores, const std::vector<std::string>& classes) {
  std::string html =
      "<table class=\"wide\">\n<caption>Scores of each class, recall with its 95% interval</caption>\n<thead>\n<tr><th "
      "scope=\"col\">class</th>" +
      header_cells({"precision", "recall", "F1", "support"}) + "</tr>\n</thead>\n<tbody>\n";
  std::int64_t support = 0;
  const auto add_row = [&](const std::string& name, const ClassScores& row) {
    append(html, "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>\n", escaped(name),
           percent(row.precision), percent(row.recall), interval_below(row.recall_interval), percent(row.f1),
           with_commas(row.support));
  };
  for (std::size_t c = 0; c < classes.size(); ++c) {
    add_row(classes[c], scores.per_class[c]);
    support += scores.per_class[c].support;
  }
  html += "</tbody>\n<tfoot>\n";
  add_row("macro mean", {class_mean(scores, &ClassScores::precision), class_mean(scores, &ClassScores::recall),
                         scores.macro_f1, support});
  return scrolling("Scores of each class", html + "</tfoot>\n</table>\n");
}

std::string accuracy_text(const SplitScores& scores) {
  return fmt::format("{}, 95% interval {} to {}", percent(scores.accuracy), percent(scores.accuracy_interval.first),
                     percent(scores.accuracy_interval.second));
}

std::string score_list(const SplitScores& scores) {
  std::string html = "<dl class=\"figures\">\n";
  const auto add = [&](const char* name, const std::string& value) {
    append(html, "<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
  };
  add("Accuracy", accuracy_text(scores));
  add("Macro F1", percent(scores.macro_f1));
  add("Loss", fmt::format("{:.4f}", scores.loss));
  add("Squared error", fmt::format("{:.4f}", scores.squared_error));
  add("Calibration error", fmt::format("{:.3f}", scores.ece));
  add("Samples", with_commas(scores.samples));
  return html + "</dl>\n";
}

}  // namespace fer
