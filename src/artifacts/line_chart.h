#pragma once

#include <limits>
#include <string>
#include <vector>

#include "artifacts/chart_axis.h"

namespace fer {

struct LineSeries {
  std::string name;
  std::vector<double> x;  // epochs, ascending
  std::vector<double> y;  // as many; NaN: a gap
};

/// Curves over epochs.
struct LineChart {
  std::string title;
  std::string note;  // what the values are, in a few words
  Scale scale = Scale::kPlain;
  std::vector<LineSeries> series;
  double best_epoch = std::numeric_limits<double>::quiet_NaN();  // is marked; NaN: unknown
};

/// The chart as an HTML figure with an SVG picture, whose colours and dashes the page's style sheet has, up to
/// kSeriesStyles of them. Lines are told apart by colour, dashes and the name at their end; a screen reader gets first,
/// last, least and largest value of each. Empty if there is nothing to draw; a logarithmic chart draws positive values
/// alone.
/// @throws Error (kInternal) if a series has another number of x than of y values.
std::string line_chart(const LineChart& chart);

/// What the lines of charts with these series are, for names that may be too long to stand whole at their ends.
std::string line_legend(const std::vector<std::string>& names);

/// A short piece of the line that series `index` of a chart is drawn with.
std::string line_key(std::size_t index);

/// The class of the style sheet that has the colour and dashes of series `index`.
std::string series_class(std::size_t index);

}  // namespace fer
