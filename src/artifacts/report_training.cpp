#include <algorithm>
#include <cmath>
#include <functional>

#include "artifacts/html.h"
#include "artifacts/report_parts.h"

namespace fer {
namespace {

/// What a table of epochs says in one column; an empty cell is unknown.
struct EpochColumn {
  const char* name;
  std::function<std::string(const EpochRecord&)> cell;
};

std::function<std::string(const EpochRecord&)> number(double EpochRecord::*value, const char* format) {
  return [=](const EpochRecord& epoch) {
    return std::isnan(epoch.*value) ? "" : fmt::format(fmt::runtime(format), epoch.*value);
  };
}

std::function<std::string(const EpochRecord&)> share(double EpochRecord::*value) {
  return [=](const EpochRecord& epoch) { return std::isnan(epoch.*value) ? "" : percent(epoch.*value); };
}

/// Of what a history without it has as 0.
std::function<std::string(const EpochRecord&)> measured(double EpochRecord::*value) {
  return [=](const EpochRecord& epoch) { return epoch.*value > 0 ? fmt::format("{:.1f}", epoch.*value) : ""; };
}

std::string slowest_rank(const EpochRecord& epoch) {
  if (std::isnan(epoch.slowest_rank)) return "";
  const auto rank = fmt::format("{:.0f}", epoch.slowest_rank);
  return std::isnan(epoch.slowest_ratio) ? rank : fmt::format("{} (× {:.2f})", rank, epoch.slowest_ratio);
}

/// All columns of which some epoch knows something.
std::vector<EpochColumn> columns_of(const std::vector<EpochRecord>& history) {
  std::vector<EpochColumn> columns = {
      {"steps", [](const EpochRecord& epoch) { return epoch.step > 0 ? with_commas(epoch.step) : ""; }},
      {"learning rate", number(&EpochRecord::learning_rate, "{:.4g}")},
      {"train loss", number(&EpochRecord::train_loss, "{:.4f}")},
      {"train accuracy", share(&EpochRecord::train_accuracy)},
      {"val loss", number(&EpochRecord::val_loss, "{:.4f}")},
      {"val accuracy", share(&EpochRecord::val_accuracy)},
      {"val macro F1", share(&EpochRecord::val_macro_f1)},
      {"images / s",
       [](const EpochRecord& epoch) {
         return epoch.images_per_second > 0 ? with_commas(std::llround(epoch.images_per_second)) : "";
       }},
      {"seconds", measured(&EpochRecord::seconds)},
      {"compute s", measured(&EpochRecord::compute_seconds)},
      {"communication s", measured(&EpochRecord::communication_seconds)},
      {"data s", measured(&EpochRecord::data_seconds)},
      {"other s", measured(&EpochRecord::other_seconds)},
      {"slowest rank", slowest_rank},
  };
  std::erase_if(columns, [&](const EpochColumn& column) {
    return std::ranges::all_of(history, [&](const EpochRecord& epoch) { return column.cell(epoch).empty(); });
  });
  return columns;
}

std::string epoch_table(const Report& report) {
  const auto columns = columns_of(report.history);
  std::string html = "<table class=\"unbroken\">\n<thead>\n<tr><th scope=\"col\">epoch</th>";
  for (const auto& column : columns) append(html, "<th scope=\"col\">{}</th>", column.name);
  html += "</tr>\n</thead>\n<tbody>\n";
  for (const auto& epoch : report.history) {
    append(html, "<tr><th scope=\"row\">{}{}</th>", epoch.epoch, epoch.epoch == report.best_epoch ? " (best)" : "");
    for (const auto& column : columns) append(html, "<td>{}</td>", column.cell(epoch));
    html += "</tr>\n";
  }
  return "<details>\n<summary>Each epoch in figures</summary>\n" +
         scrolling("Figures of each epoch", html + "</tbody>\n</table>\n") + "</details>\n";
}

}  // namespace

LineSeries epoch_series(const std::string& name, const std::vector<EpochRecord>& history, double EpochRecord::*value) {
  // A history without it has the speed as 0, which no accuracy or loss may be taken for.
  const bool zero_is_unknown = value == &EpochRecord::images_per_second;
  LineSeries series{name, {}, {}};
  for (const auto& epoch : history) {
    series.x.push_back(static_cast<double>(epoch.epoch));
    series.y.push_back(zero_is_unknown && epoch.*value == 0 ? EpochRecord::kUnknown : epoch.*value);
  }
  return series;
}

std::string training_curves(const Report& report) {
  if (report.history.empty()) return "";
  const auto of = [&](const char* name, double EpochRecord::*value) {
    return epoch_series(name, report.history, value);
  };
  const double best = report.best_epoch > 0 ? static_cast<double>(report.best_epoch) : EpochRecord::kUnknown;
  auto html = line_chart({"Loss",
                          "mean of the samples",
                          Scale::kPlain,
                          {of("train", &EpochRecord::train_loss), of("val", &EpochRecord::val_loss)},
                          best}) +
              line_chart({"Accuracy",
                          "right answers, and macro F1 of the classes",
                          Scale::kShare,
                          {of("train", &EpochRecord::train_accuracy), of("val", &EpochRecord::val_accuracy),
                           of("val F1", &EpochRecord::val_macro_f1)},
                          best}) +
              line_chart({"Learning rate",
                          "on a logarithmic scale",
                          Scale::kLog,
                          {of("learning rate", &EpochRecord::learning_rate)},
                          best}) +
              line_chart({"Images per second",
                          "in training, over all ranks",
                          Scale::kFromZero,
                          {of("images per second", &EpochRecord::images_per_second)},
                          best});
  if (!html.empty()) html = "<div class=\"charts\">\n" + html + "</div>\n";
  return html + epoch_table(report);
}

}  // namespace fer
