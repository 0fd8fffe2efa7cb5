#include "artifacts/comparison_tables.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "artifacts/html.h"
#include "artifacts/line_chart.h"

namespace fer {
namespace {

std::string table(std::string_view name, std::string_view note, const std::string& heads, const std::string& rows) {
  return scrolling(name, fmt::format("<table>\n<caption>{}</caption>\n<thead>\n<tr>{}</tr>\n</thead>\n<tbody>\n{}"
                                     "</tbody>\n</table>\n",
                                     escaped(note), heads, rows));
}

std::string head(std::string_view name) {
  return fmt::format("<th scope=\"col\">{}</th>", escaped(name));
}

/// The name of a run behind the line that it has in all charts.
std::string named(const Comparison& comparison, std::size_t run) {
  return line_key(run) + escaped(comparison.runs[run].name);
}

std::string run_heads(const Comparison& comparison) {
  std::string html;
  for (std::size_t i = 0; i < comparison.runs.size(); ++i)
    append(html, "<th scope=\"col\">{}</th>", named(comparison, i));
  return html;
}

bool has_scores(const Comparison& comparison) {
  return !comparison.split.empty() &&
         std::ranges::any_of(comparison.runs, [](const auto& run) { return run.scores.has_value(); });
}

struct Figure {
  const char* name;
  double SplitScores::*value;
  bool is_share;    // of which more is better; else less
  double best = 0;  // of all runs
};

std::array<Figure, 5> figures_of(const Comparison& comparison) {
  std::array<Figure, 5> figures = {{{"accuracy", &SplitScores::accuracy, true},
                                    {"macro F1", &SplitScores::macro_f1, true},
                                    {"loss", &SplitScores::loss, false},
                                    {"squared error", &SplitScores::squared_error, false},
                                    {"calibration error", &SplitScores::ece, false}}};
  for (auto& figure : figures) {
    figure.best = figure.is_share ? 0 : std::numeric_limits<double>::infinity();
    for (const auto& run : comparison.runs) {
      if (!run.scores) continue;
      const double value = (*run.scores).*figure.value;
      figure.best = figure.is_share ? std::max(figure.best, value) : std::min(figure.best, value);
    }
  }
  return figures;
}

std::string emphasised_if(bool best, const std::string& text) {
  return best ? "<strong>" + text + "</strong>" : text;
}

/// What the intervals of all runs lie in.
struct Extent {
  double least = 1;
  double largest = 0;
};

Extent extent_of_intervals(const Comparison& comparison) {
  Extent extent;
  for (const auto& run : comparison.runs) {
    if (!run.scores) continue;
    extent.least = std::min(extent.least, run.scores->accuracy_interval.first);
    extent.largest = std::max(extent.largest, run.scores->accuracy_interval.second);
  }
  return extent;
}

std::string interval_cell(const SplitScores& scores, const Extent& extent) {
  const auto [from, to] = scores.accuracy_interval;
  const double width = std::max(extent.largest - extent.least, 1e-9);
  return fmt::format(
      "<td class=\"text\">{} to {}<span class=\"span\"><span style=\"left: {}; width: {}\"></span></span></td>",
      percent(from), percent(to), percent((from - extent.least) / width), percent((to - from) / width));
}

std::string p_text(double p_value) {
  return p_value < 0.0001 ? "&lt;0.0001" : fmt::format("{:.4f}", p_value);
}

}  // namespace

std::string score_comparison(const Comparison& comparison) {
  if (!has_scores(comparison)) return "";
  const auto figures = figures_of(comparison);
  const auto extent = extent_of_intervals(comparison);
  auto heads = head("run");
  for (const auto& figure : figures) heads += head(figure.name);
  heads += "<th class=\"text\" scope=\"col\">95% interval of the accuracy</th>" + head("samples");
  std::string rows;
  for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
    const auto& scores = comparison.runs[i].scores;
    if (!scores) continue;
    append(rows, "<tr><th scope=\"row\">{}</th>", named(comparison, i));
    for (const auto& figure : figures) {
      const double value = (*scores).*figure.value;
      append(rows, "<td>{}</td>",
             emphasised_if(value == figure.best, figure.is_share ? percent(value) : fmt::format("{:.4f}", value)));
    }
    append(rows, "{}<td>{}</td></tr>\n", interval_cell(*scores, extent), with_commas(scores->samples));
  }
  return table("Scores", "The best of each figure is emphasised", heads, rows);
}

std::string paired_tests(const Comparison& comparison) {
  std::string rows;
  for (const auto& test : comparison.tests)
    append(rows,
           "<tr><th scope=\"row\">{}</th><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td>"
           "<td class=\"text\">{}</td></tr>\n",
           escaped(test.first), escaped(test.second), with_commas(test.first_alone), with_commas(test.second_alone),
           p_text(test.p_value),
           test.p_value >= 0.05                   ? "may be chance"
           : test.first_alone > test.second_alone ? "the first is better"
                                                  : "the second is better");
  if (rows.empty()) return "";
  return table("Paired tests",
               "McNemar's test: how many samples one of the two alone got right, and how likely so uneven counts are "
               "between nets that are equally good",
               head("first") + "<th class=\"text\" scope=\"col\">second</th>" + head("first alone") +
                   head("second alone") + head("p") + "<th class=\"text\" scope=\"col\">at 5%</th>",
               rows);
}

std::string class_comparison(const Comparison& comparison) {
  if (!has_scores(comparison)) return "";
  std::string rows;
  for (std::size_t c = 0; c < comparison.classes.size(); ++c) {
    double best = 0;
    for (const auto& run : comparison.runs)
      if (run.scores) best = std::max(best, run.scores->per_class[c].f1);
    append(rows, "<tr><th scope=\"row\">{}</th>", escaped(comparison.classes[c]));
    for (const auto& run : comparison.runs) {
      const auto f1 = run.scores ? run.scores->per_class[c].f1 : -1;
      append(rows, "<td>{}</td>", run.scores ? emphasised_if(f1 == best, percent(f1)) : "");
    }
    rows += "</tr>\n";
  }
  return table("F1 of each class", "The best of each class is emphasised", head("class") + run_heads(comparison), rows);
}

std::string fact_comparison(const Comparison& comparison) {
  std::vector<std::vector<Fact>> facts;
  std::vector<std::string> names;  // in the order in which they come up
  for (const auto& run : comparison.runs) {
    auto& of_run = facts.emplace_back(run.facts);
    if (!run.history.empty()) of_run.push_back({"epochs", fmt::format("{}", run.history.back().epoch)});
    if (run.best_epoch > 0) of_run.push_back({"best epoch", fmt::format("{}", run.best_epoch)});
    for (const auto& fact : of_run)
      if (std::ranges::find(names, fact.name) == names.end()) names.push_back(fact.name);
  }
  std::string rows;
  for (const auto& name : names) {
    std::vector<std::string> values;
    for (const auto& of_run : facts) {
      const auto fact = std::ranges::find(of_run, name, &Fact::name);
      values.push_back(fact == of_run.end() ? "" : fact->value);
    }
    const bool alike = std::ranges::count(values, values.front()) == std::ssize(values) && values.size() > 1;
    append(rows, "<tr{}><th scope=\"row\">{}</th>", alike ? " class=\"alike\"" : "", escaped(name));
    for (const auto& value : values) append(rows, "<td>{}</td>", escaped(value));
    rows += "</tr>\n";
  }
  return rows.empty() ? "" : table("Facts", "Gray where all are alike", head("fact") + run_heads(comparison), rows);
}

}  // namespace fer
