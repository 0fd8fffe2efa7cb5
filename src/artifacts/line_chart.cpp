#include "artifacts/line_chart.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "artifacts/chart_labels.h"
#include "artifacts/html.h"
#include "artifacts/page_style.h"
#include "artifacts/svg.h"
#include "base/error.h"

namespace fer {
namespace {

// In units of the picture, which are about a pixel.
constexpr double kWidth = 460, kHeight = 240;
constexpr double kTop = 22, kBottom = 212, kEpochLine = 230;
constexpr double kLetter = 7.5;             // no less than most letters are wide
constexpr double kLineHeight = 15;          // from one label to the next
constexpr std::size_t kMostReadings = 200;  // epochs that can be pointed at

bool is_drawn(double value, Scale scale) {
  return std::isfinite(value) && (scale != Scale::kLog || value > 0);
}

/// The least and the largest of some values.
struct Range {
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  void take(double value) {
    least = std::min(least, value);
    largest = std::max(largest, value);
  }
};

class Drawing {
 public:
  Drawing(const LineChart& chart, Range x, Range y);
  std::string figure();

 private:
  double x_of(double epoch) const { return left_ + (right_ - left_) * x_axis_.place(epoch); }
  double y_of(double value) const { return kBottom - (kBottom - kTop) * y_axis_.place(value); }
  bool has_names() const { return chart_.series.size() > 1; }

  void add_axes();
  void add_mark();
  void add_curve(const LineSeries& series, const std::string& style);
  void add_names();
  void add_readings();
  std::string summary() const;

  const LineChart& chart_;
  Axis x_axis_, y_axis_;
  double left_ = 0, right_ = kWidth;
  std::string html_;
};

Drawing::Drawing(const LineChart& chart, Range x, Range y)
    : chart_(chart), x_axis_(epoch_axis(x.least, x.largest)), y_axis_(value_axis(y.least, y.largest, chart.scale)) {
  std::size_t tick_letters = 0, name_letters = 5;  // "epoch"
  for (const auto& tick : y_axis_.ticks) tick_letters = std::max(tick_letters, tick.label.size());
  if (has_names())
    for (const auto& series : chart.series) name_letters = std::max(name_letters, letters(short_name(series.name)));
  left_ = 10 + kLetter * static_cast<double>(tick_letters);
  right_ = kWidth - 18 - kLetter * static_cast<double>(name_letters);
}

std::string Drawing::figure() {
  append(html_, "<figure class=\"chart\">\n<figcaption><strong>{}</strong> {}</figcaption>\n", escaped(chart_.title),
         escaped(chart_.note));
  append(html_, "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, kHeight, escaped(summary()));
  add_axes();
  add_mark();
  for (std::size_t i = 0; i < chart_.series.size(); ++i) add_curve(chart_.series[i], series_class(i));
  if (has_names()) add_names();
  add_readings();
  html_ += "</svg>\n</figure>\n";
  return std::move(html_);
}

void Drawing::add_axes() {
  for (const auto& tick : y_axis_.ticks) {
    const double y = y_of(tick.value);
    html_ += svg_line("grid", left_, y, right_, y) + svg_text("end", left_ - 6, y + 4, tick.label);
  }
  html_ += svg_line("axis", left_, kBottom, right_, kBottom);
  for (const auto& tick : x_axis_.ticks) html_ += svg_text("middle", x_of(tick.value), kEpochLine, tick.label);
  html_ += svg_text("end", kWidth, kEpochLine, "epoch");
}

void Drawing::add_mark() {
  if (!(chart_.best_epoch >= x_axis_.from && chart_.best_epoch <= x_axis_.to)) return;
  const double x = x_of(chart_.best_epoch);
  html_ += svg_line("mark", x, kTop - 4, x, kBottom);
  const auto label = fmt::format("best: epoch {}", chart_.best_epoch);
  const double half = kLetter * static_cast<double>(label.size()) / 2;
  html_ += svg_text("middle", std::clamp(x, left_ + half, right_ - half), kTop - 9, label);
}

void Drawing::add_curve(const LineSeries& series, const std::string& style) {
  const auto drawn = [&](std::size_t i) { return i < series.y.size() && is_drawn(series.y[i], chart_.scale); };
  std::string path, points;
  for (std::size_t i = 0; i < series.y.size(); ++i) {
    if (!drawn(i)) continue;
    const bool begins = i == 0 || !drawn(i - 1);
    const double x = x_of(series.x[i]), y = y_of(series.y[i]);
    if (begins && !drawn(i + 1))  // no line shows a value without neighbours
      append(points, "<circle class=\"point {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>", style, x, y);
    else
      append(path, "{}{:.1f} {:.1f}", begins ? 'M' : 'L', x, y);
  }
  if (!path.empty()) append(html_, "<path class=\"curve {}\" d=\"{}\"/>", style, path);
  append(html_, "{}\n", points);
}

void Drawing::add_names() {
  std::vector<ChartLabel> labels;
  for (std::size_t i = 0; i < chart_.series.size(); ++i) {
    const auto& series = chart_.series[i];
    for (auto k = series.y.size(); k-- > 0;) {
      if (!is_drawn(series.y[k], chart_.scale)) continue;
      labels.push_back({i, x_of(series.x[k]), y_of(series.y[k]), 0});
      break;
    }
  }
  spread(labels, kTop, kBottom, kLineHeight);
  for (const auto& label : labels) {
    const auto style = series_class(label.series);
    html_ += svg_line("leader " + style, label.line_x, label.line_y, right_ + 6, label.y);
    html_ += svg_text("start", right_ + 8, label.y + 4, short_name(chart_.series[label.series].name), style);
  }
}

/// An unseen column for each epoch, which tells its values to who points at it.
void Drawing::add_readings() {
  std::set<double> all;
  for (const auto& series : chart_.series) all.insert(series.x.begin(), series.x.end());
  std::vector<double> epochs;
  const auto stride = (all.size() + kMostReadings - 1) / kMostReadings;
  for (auto [it, i] = std::pair(all.begin(), std::size_t{0}); it != all.end(); ++it, ++i)
    if (i % stride == 0) epochs.push_back(*it);
  double from = left_;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const double to = i + 1 < epochs.size() ? (x_of(epochs[i]) + x_of(epochs[i + 1])) / 2 : right_;
    append(html_, "<rect class=\"reading\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"><title>epoch {}", from,
           kTop, std::max(0.0, to - from), kBottom - kTop, epochs[i]);
    for (const auto& series : chart_.series) {
      const auto at = static_cast<std::size_t>(std::ranges::find(series.x, epochs[i]) - series.x.begin());
      if (at < series.y.size() && std::isfinite(series.y[at]))
        append(html_, "\n{} {}", escaped(series.name), value_text(series.y[at], chart_.scale));
    }
    html_ += "</title></rect>\n";
    from = to;
  }
}

std::string Drawing::summary() const {
  std::string text = chart_.title + " by epoch.";
  for (const auto& series : chart_.series) {
    Range range;
    std::size_t first = series.y.size(), last = 0;
    for (std::size_t i = 0; i < series.y.size(); ++i) {
      if (!is_drawn(series.y[i], chart_.scale)) continue;
      range.take(series.y[i]);
      first = std::min(first, i);
      last = i;
    }
    if (first == series.y.size()) continue;
    const auto told = [&](double value) { return value_text(value, chart_.scale); };
    append(text, " {}: {} at epoch {}, {} at epoch {}; least {}, largest {}.", series.name, told(series.y[first]),
           series.x[first], told(series.y[last]), series.x[last], told(range.least), told(range.largest));
  }
  if (std::isfinite(chart_.best_epoch)) append(text, " The best epoch is {}.", chart_.best_epoch);
  return text;
}

}  // namespace

std::string line_chart(const LineChart& chart) {
  Range x, y;
  for (const auto& series : chart.series) {
    require(series.x.size() == series.y.size(), "a series of a chart has another number of x than of y values");
    for (std::size_t i = 0; i < series.y.size(); ++i) {
      x.take(series.x[i]);
      if (is_drawn(series.y[i], chart.scale)) y.take(series.y[i]);
    }
  }
  return y.least > y.largest ? "" : Drawing(chart, x, y).figure();
}

std::string series_class(std::size_t index) {
  return fmt::format("series-{}", index % kSeriesStyles + 1);
}

std::string line_key(std::size_t index) {
  return fmt::format("<svg class=\"key {}\" viewBox=\"0 0 28 12\" aria-hidden=\"true\"><path d=\"M0 6L28 6\"/></svg>",
                     series_class(index));
}

std::string line_legend(const std::vector<std::string>& names) {
  std::string html = "<ul class=\"legend\">\n";
  for (std::size_t i = 0; i < names.size(); ++i) append(html, "<li>{}{}</li>\n", line_key(i), escaped(names[i]));
  return html + "</ul>\n";
}

}  // namespace fer
