#include "artifacts/line_chart.h"

#include <gtest/gtest.h>

#include <cmath>

#include "artifacts/chart_labels.h"
#include "support/expect_error.h"
#include "support/html_elements.h"

namespace fer {
namespace {

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

LineSeries series(const std::string& name, const std::vector<double>& values) {
  LineSeries series{name, {}, values};
  for (std::size_t i = 0; i < values.size(); ++i) series.x.push_back(static_cast<double>(i + 1));
  return series;
}

std::string drawn(const std::vector<LineSeries>& all, Scale scale = Scale::kPlain, double best = kGap) {
  const auto figure = line_chart({"Loss", "mean", scale, all, best});
  EXPECT_EQ(element_fault(figure), "");
  EXPECT_EQ(count_of(figure, "nan") + count_of(figure, "inf"), 0U) << figure;
  return figure;
}

/// The commands of the path of series `index`.
std::string path_of(const std::string& figure, std::size_t index) {
  const auto key = "<path class=\"curve " + series_class(index) + "\" d=\"";
  const auto begin = figure.find(key);
  if (begin == std::string::npos) return "";
  return figure.substr(begin + key.size(), figure.find('"', begin + key.size()) - begin - key.size());
}

std::string labels_of(const Axis& axis) {
  std::string text;
  for (const auto& tick : axis.ticks) text += (text.empty() ? "" : " ") + tick.label;
  return text;
}

}  // namespace

TEST(ValueAxis, EndsAtRoundNumbersAroundAllValues) {
  for (const auto scale : {Scale::kPlain, Scale::kFromZero, Scale::kLog})
    for (const double least : {3e-7, 0.0123, 0.4, 1.0, 87.0, 12345.0})
      for (const double ratio : {1.0, 1.0001, 1.3, 7.0, 45.0, 1e5}) {
        const auto axis = value_axis(least, least * ratio, scale);
        EXPECT_LE(axis.from, least * (1 + 1e-6));
        EXPECT_GE(axis.to, least * ratio * (1 - 1e-6));
        EXPECT_LT(axis.from, axis.to);
        ASSERT_GE(axis.ticks.size(), 2U) << least << " " << ratio;
        EXPECT_LE(axis.ticks.size(), 8U) << least << " " << ratio;
        EXPECT_NEAR(axis.place(axis.ticks.front().value), 0, 1e-9);
        for (std::size_t i = 1; i < axis.ticks.size(); ++i) EXPECT_NE(axis.ticks[i].label, axis.ticks[i - 1].label);
      }
}

TEST(ValueAxis, ReadsAsOneWouldWriteIt) {
  EXPECT_EQ(labels_of(value_axis(0.31, 1.84, Scale::kPlain)), "0.0 0.5 1.0 1.5 2.0");
  EXPECT_EQ(labels_of(value_axis(-3, 5, Scale::kPlain)), "-4 -2 0 2 4 6");
  EXPECT_EQ(labels_of(value_axis(1900, 2900, Scale::kFromZero)), "0 1,000 2,000 3,000");
  EXPECT_EQ(labels_of(value_axis(0.22, 0.99, Scale::kShare)), "20% 40% 60% 80% 100%");
  EXPECT_EQ(labels_of(value_axis(1, 1, Scale::kShare)), "94% 96% 98% 100%");
  EXPECT_EQ(labels_of(value_axis(1e-5, 0.01, Scale::kLog)), "1e-5 1e-4 0.001 0.01");
  EXPECT_EQ(labels_of(value_axis(0.01, 0.01, Scale::kLog)), "0.005 0.01 0.02");
  EXPECT_EQ(labels_of(value_axis(0, 0, Scale::kFromZero)), "0.0 0.5 1.0");
}

TEST(EpochAxis, HasWholeNumbersAlone) {
  EXPECT_EQ(labels_of(epoch_axis(1, 1)), "1");
  EXPECT_EQ(labels_of(epoch_axis(1, 3)), "1 2 3");
  EXPECT_EQ(labels_of(epoch_axis(1, 40)), "10 20 30 40");
  EXPECT_EQ(labels_of(epoch_axis(1, 1000)), "200 400 600 800 1000");
  EXPECT_EQ(epoch_axis(1, 40).place(40), 1);
}

TEST(LineChart, DrawsAndNamesEverySeries) {
  std::vector<LineSeries> all;
  for (int i = 0; i < 8; ++i) all.push_back(series("run " + std::to_string(i), {3.0 + i, 2.0 + i, 1.0 + i}));
  const auto figure = drawn(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(count_of(path_of(figure, i), "M"), 1U);
    EXPECT_EQ(count_of(path_of(figure, i), "L"), 2U);
    EXPECT_EQ(count_of(figure, ">" + all[i].name + "</text>"), 1U);
  }
}

TEST(LineChart, TellsItsValuesToAScreenReader) {
  const auto figure = drawn({series("train", {2.5, 0.5, 0.75}), series("val", {kGap, 1.25, 1.5})}, Scale::kPlain, 2);
  EXPECT_NE(figure.find("role=\"img\" aria-label=\"Loss by epoch. train: 2.5 at epoch 1, 0.75 at epoch 3; least 0.5, "
                        "largest 2.5. val: 1.25 at epoch 2, 1.5 at epoch 3; least 1.25, largest 1.5. The best epoch is "
                        "2.\""),
            std::string::npos)
      << figure;
  EXPECT_NE(figure.find("<title>epoch 2\ntrain 0.5\nval 1.25</title>"), std::string::npos);
  EXPECT_NE(figure.find("best: epoch 2</text>"), std::string::npos);
}

TEST(LineChart, GapsSplitALine) {
  const auto path = path_of(drawn({series("val", {3, 2, kGap, 1, 2, kGap, kGap, 5, 6})}), 0);
  EXPECT_EQ(count_of(path, "M"), 3U);
  EXPECT_EQ(count_of(path, "L"), 3U);
}

TEST(LineChart, AValueWithoutNeighboursIsAPoint) {
  const auto figure = drawn({series("val", {3, kGap, 1, 2, kGap, 4})});
  EXPECT_EQ(count_of(figure, "<circle "), 2U);
  EXPECT_EQ(count_of(path_of(figure, 0), "M"), 1U);
  const auto single = drawn({series("val", {0.7})}, Scale::kPlain, 1);
  EXPECT_EQ(count_of(single, "<circle "), 1U);
  EXPECT_EQ(path_of(single, 0), "");
}

TEST(LineChart, EqualValuesAreALevelLineWithinTheChart) {
  for (const auto scale : {Scale::kPlain, Scale::kFromZero, Scale::kShare, Scale::kLog})
    for (const double value : {0.01, 0.5, 1.0}) {
      const auto path = path_of(drawn({series("lr", {value, value})}, scale), 0);
      const auto height = [&](std::size_t at) { return std::stod(path.substr(path.find(' ', at))); };
      EXPECT_EQ(height(0), height(path.find('L')));
      EXPECT_GE(height(0), 22);
      EXPECT_LE(height(0), 212);
    }
}

TEST(LineChart, IsLeftOutWhereThereIsNothingToDraw) {
  EXPECT_EQ(drawn({}), "");
  EXPECT_EQ(drawn({series("val", {})}), "");
  EXPECT_EQ(drawn({series("val", {kGap, kGap})}), "");
  EXPECT_EQ(drawn({series("val", {std::numeric_limits<double>::infinity()})}), "");
  EXPECT_EQ(drawn({series("lr", {0, -1})}, Scale::kLog), "");
}

TEST(LineChart, ASeriesWithoutValuesKeepsItsColourForTheNext) {
  const auto figure = drawn({series("train", {kGap, kGap}), series("val", {1, 2})});
  EXPECT_EQ(path_of(figure, 0), "");
  EXPECT_NE(path_of(figure, 1), "");
  EXPECT_EQ(count_of(figure, ">train</text>"), 0U);
}

TEST(LineChart, AThousandEpochsStaySmall) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(std::sin(0.01 * i) + 2);
  const auto figure = drawn({series("train", values), series("val", values)});
  EXPECT_EQ(count_of(path_of(figure, 1), "L"), 999U);
  EXPECT_LE(count_of(figure, "<title>"), 200U);
  EXPECT_LT(figure.size(), 100'000U);
}

TEST(LineChart, NamesAreTextOnly) {
  const auto figure = drawn({series("<b>&", {1, 2}), series("\"'>", {2, 1})});
  EXPECT_EQ(figure.find("<b>"), std::string::npos);
  EXPECT_NE(figure.find("&lt;b&gt;&amp;</text>"), std::string::npos);
  EXPECT_NE(figure.find("&quot;&#39;&gt;</text>"), std::string::npos);
}

TEST(LineChart, EachValueNeedsAnEpoch) {
  expect_error(ExitCode::kInternal, {"number of x"}, [] { line_chart({"", "", Scale::kPlain, {{"a", {1, 2}, {1}}}}); });
}

TEST(ChartLabels, KeepTheirDistance) {
  std::vector<ChartLabel> labels;
  for (const double y : {50.0, 51.0, 52.0, 200.0, 199.0, 1.0}) labels.push_back({labels.size(), 0, y, 0});
  spread(labels, 0, 200, 15);
  for (std::size_t i = 1; i < labels.size(); ++i) {
    EXPECT_GE(labels[i].line_y, labels[i - 1].line_y);
    EXPECT_GE(labels[i].y - labels[i - 1].y, 15 - 1e-9);
  }
  EXPECT_EQ(labels.front().y, 1);
  EXPECT_LE(labels.back().y, 200);
}

TEST(ChartLabels, ALongNameKeepsItsEnds) {
  EXPECT_EQ(short_name("fourteen signs"), "fourteen signs");
  EXPECT_EQ(short_name("wide net with label smoothing, seed 2"), "wide ne…seed 2");
  EXPECT_EQ(short_name("äöüäöüäöüäöüäöü"), "äöüäöüä…äöüäöü");
  EXPECT_EQ(letters(short_name("äöüäöüäöüäöüäöü")), 14U);
}

}  // namespace fer
