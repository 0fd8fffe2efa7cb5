#include "artifacts/comparison_tables.h"
#include "artifacts/html.h"
#include "artifacts/report_parts.h"
#include "artifacts/score_figures.h"

namespace fer {
namespace {

/// One quantity of all runs over their epochs.
std::string overlaid(const Comparison& comparison, const char* title, const char* note, Scale scale,
                     double EpochRecord::*value) {
  LineChart chart{title, note, scale, {}};
  for (const auto& run : comparison.runs) chart.series.push_back(epoch_series(run.name, run.history, value));
  return line_chart(chart);
}

std::string curves(const Comparison& comparison) {
  const auto html =
      overlaid(comparison, "Validation accuracy", "right answers", Scale::kShare, &EpochRecord::val_accuracy) +
      overlaid(comparison, "Validation loss", "mean of the samples", Scale::kPlain, &EpochRecord::val_loss) +
      overlaid(comparison, "Validation macro F1", "mean of the classes", Scale::kShare, &EpochRecord::val_macro_f1) +
      overlaid(comparison, "Training accuracy", "right answers", Scale::kShare, &EpochRecord::train_accuracy) +
      overlaid(comparison, "Training loss", "mean of the samples", Scale::kPlain, &EpochRecord::train_loss) +
      overlaid(comparison, "Learning rate", "on a logarithmic scale", Scale::kLog, &EpochRecord::learning_rate) +
      overlaid(comparison, "Images per second", "in training, over all ranks", Scale::kFromZero,
               &EpochRecord::images_per_second);
  std::vector<std::string> names;
  for (const auto& run : comparison.runs) names.push_back(run.name);
  return html.empty() ? "" : line_legend(names) + "<div class=\"charts\">\n" + html + "</div>\n";
}

std::string notes(const Comparison& comparison) {
  std::string html;
  for (const auto& note : comparison.notes) append(html, "<p>{}</p>\n", escaped(note));
  return html;
}

}  // namespace

std::string comparison_page(const Comparison& comparison) {
  for (const auto& run : comparison.runs)
    if (run.scores) require_fitting(*run.scores, comparison.classes);
  return sectioned_page(comparison.title, "", "",
                        {{"scores", comparison.split.empty() ? "Scores" : "Scores on " + comparison.split,
                          score_comparison(comparison) + notes(comparison)},
                         {"tests", "Paired tests", paired_tests(comparison)},
                         {"classes", "F1 of each class", class_comparison(comparison)},
                         {"curves", "Curves", curves(comparison)},
                         {"facts", "Facts", fact_comparison(comparison)}});
}

}  // namespace fer
