#include "artifacts/page_style.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>

namespace fer {
namespace {

using Colour = std::array<double, 3>;  // red, green, blue from 0 to 255

/// The value of a variable in the light or the dark scheme; what the dark one does not change is as in the light one.
std::string value_of(const std::string& variable, bool dark) {
  const std::string style(kPageStyle);
  const auto dark_begin = style.find("prefers-color-scheme: dark");
  const auto dark_end = style.find("\n}", dark_begin);
  auto at = dark ? style.find(variable + ": ", dark_begin) : style.find(variable + ": ");
  if (dark && at > dark_end) at = style.find(variable + ": ");
  EXPECT_NE(at, std::string::npos) << variable;
  const auto begin = at + variable.size() + 2;
  return style.substr(begin, style.find(';', begin) - begin);
}

Colour colour_of(const std::string& variable, bool dark) {
  auto value = value_of(variable, dark);
  EXPECT_EQ(value.front(), '#') << variable;
  if (value.size() == 4) value = {'#', value[1], value[1], value[2], value[2], value[3], value[3]};
  Colour colour;
  for (std::size_t i = 0; i < 3; ++i) colour[i] = std::stoi(value.substr(1 + 2 * i, 2), nullptr, 16);
  return colour;
}

/// Relative luminance and contrast as WCAG 2.1 defines them.
double luminance(const Colour& colour) {
  constexpr Colour kWeights = {0.2126, 0.7152, 0.0722};
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double level = colour[i] / 255;
    sum += kWeights[i] * (level <= 0.04045 ? level / 12.92 : std::pow((level + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double contrast(const Colour& first, const Colour& second) {
  const double a = luminance(first), b = luminance(second);
  return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

}  // namespace

TEST(PageStyle, TextAndLinesStandOutFromThePaper) {
  for (const bool dark : {false, true}) {
    const auto paper = colour_of("--paper", dark);
    for (const auto* variable : {"--ink", "--faint", "--bar"})
      EXPECT_GE(contrast(colour_of(variable, dark), paper), 4.5) << variable << dark;
    for (int i = 1; i <= kSeriesStyles; ++i)
      EXPECT_GE(contrast(colour_of(fmt::format("--series-{}", i), dark), paper), 4.5) << i << dark;
  }
}

TEST(PageStyle, InkCanBeReadOnEveryShade) {
  for (const bool dark : {false, true}) {
    const auto paper = colour_of("--paper", dark), ink = colour_of("--ink", dark);
    Colour heat;
    std::sscanf(value_of("--heat", dark).c_str(), "%lf %lf %lf", &heat[0], &heat[1], &heat[2]);
    const double most = std::stod(value_of("--heat-most", dark));
    for (double share = 0; share <= 1; share += 0.01) {
      Colour shade;
      for (std::size_t i = 0; i < 3; ++i) shade[i] = paper[i] + (heat[i] - paper[i]) * share * most;
      EXPECT_GE(contrast(ink, shade), 4.5) << share << dark;
    }
  }
}

// Paper neither unfolds nor scrolls.
TEST(PageStyle, OptionsArePrintedWhole) {
  const std::string style(kPageStyle);
  const auto print = style.find("@media print");
  ASSERT_NE(print, std::string::npos);
  EXPECT_NE(style.find(".options { max-height: none;", print), std::string::npos);
}

TEST(PageStyle, SeriesDifferInColourAndDashes) {
  const std::string style(kPageStyle);
  std::set<std::string> colours, dashes;
  for (int i = 1; i <= kSeriesStyles; ++i) {
    colours.insert(value_of(fmt::format("--series-{}", i), false));
    const auto rule = fmt::format(".series-{0} {{ color: var(--series-{0}); stroke-dasharray: ", i);
    const auto at = style.find(rule);
    ASSERT_NE(at, std::string::npos) << rule;
    dashes.insert(style.substr(at + rule.size(), style.find(';', at + rule.size()) - at - rule.size()));
  }
  EXPECT_EQ(colours.size(), std::size_t{kSeriesStyles});
  EXPECT_EQ(dashes.size(), std::size_t{kSeriesStyles});
}

}  // namespace fer
