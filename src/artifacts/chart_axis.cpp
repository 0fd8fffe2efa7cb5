#include "artifacts/chart_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>

#include "artifacts/html.h"

namespace fer {
namespace {

constexpr double kValueSteps = 4;  // about so many on an axis
constexpr double kEpochSteps = 6;
constexpr std::size_t kMostDecades = 6;
// Sums of rounded numbers miss a round one by less.
constexpr double kSlack = 1e-9;

/// 1, 2 or 5 times a power of ten, the least that is no less than `width`.
double round_step(double width) {
  const double power = std::pow(10.0, std::floor(std::log10(width)));
  for (const double digit : {1.0, 2.0, 5.0})
    if (width <= digit * power * (1 + kSlack)) return digit * power;
  return 10 * power;
}

/// A number among ticks that are `step` apart.
std::string tick_label(double value, double step) {
  const double size = std::max(std::abs(value), step);
  if (size >= 1e7 || step < 1e-5) return fmt::format("{:g}", value);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - kSlack)));
  return decimals == 0 && size >= 1000 && value > 0 ? with_commas(std::llround(value))
                                                    : fmt::format("{:.{}f}", value, decimals);
}

/// Multiples of `step` from the last that is no more than `from` to the first that is no less than `to`.
Axis even_axis(double from, double to, double step, Scale scale) {
  const double first = std::floor(from / step + kSlack), last = std::ceil(to / step - kSlack);
  Axis axis{first * step, last * step, false, {}};
  for (double i = first; i <= last; ++i)
    axis.ticks.push_back(
        {i * step, scale == Scale::kShare ? tick_label(100 * i * step, 100 * step) + "%" : tick_label(i * step, step)});
  return axis;
}

/// 0.003 -> "0.003", 0.0002 -> "2e-4"; each is one digit times a power of ten.
std::string log_label(double digit, int exponent) {
  return exponent < -3 || exponent > 4
             ? fmt::format("{:.0f}e{}", digit, exponent)
             : fmt::format("{:.{}f}", digit * std::pow(10.0, exponent), std::max(0, -exponent));
}

Axis log_axis(double least, double largest) {
  const bool wide = largest / least > 30;
  const std::vector<double> digits = wide ? std::vector<double>{1} : std::vector<double>{1, 2, 5};
  std::vector<Tick> ticks;
  const int first = static_cast<int>(std::floor(std::log10(least)));
  const int last = static_cast<int>(std::ceil(std::log10(largest)));
  for (int exponent = first; exponent <= last; ++exponent)
    for (const double digit : digits) ticks.push_back({digit * std::pow(10.0, exponent), log_label(digit, exponent)});
  // Of those below all values only the last is needed, and of those above them the first.
  while (ticks.size() > 2 && ticks[1].value <= least * (1 + kSlack)) ticks.erase(ticks.begin());
  while (ticks.size() > 2 && ticks[ticks.size() - 2].value >= largest * (1 - kSlack)) ticks.pop_back();
  Axis axis{ticks.front().value, ticks.back().value, true, {}};
  const auto stride = (ticks.size() + kMostDecades) / (kMostDecades + 1);
  for (std::size_t i = 0; i < ticks.size(); i += stride) axis.ticks.push_back(ticks[i]);
  return axis;
}

}  // namespace

double Axis::place(double value) const {
  return logarithmic ? std::log(value / from) / std::log(to / from) : (value - from) / (to - from);
}

Axis value_axis(double least, double largest, Scale scale) {
  if (scale == Scale::kFromZero) least = std::min(least, 0.0);
  if (largest - least <= kSlack * std::max(std::abs(least), std::abs(largest))) {  // one value: some room around it
    if (scale == Scale::kLog) return log_axis(least / 1.5, largest * 1.5);
    const double room = scale == Scale::kShare ? 0.05 : least == 0 ? 1 : 0.1 * std::abs(least);
    largest += room;
    if (scale != Scale::kFromZero) least -= room;
  }
  if (scale == Scale::kLog) return log_axis(least, largest);
  if (scale == Scale::kShare) least = std::max(least, 0.0), largest = std::min(largest, 1.0);
  return even_axis(least, largest, round_step((largest - least) / kValueSteps), scale);
}

Axis epoch_axis(double first, double last) {
  Axis axis{first, last, false, {}};
  if (first == last) axis = {first - 0.5, last + 0.5, false, {}};
  const double step = first == last ? 1 : std::max(1.0, round_step((last - first) / kEpochSteps));
  for (double i = std::ceil(first / step); i * step <= last; ++i)
    axis.ticks.push_back({i * step, fmt::format("{:.0f}", i * step)});
  return axis;
}

std::string value_text(double value, Scale scale) {
  if (scale == Scale::kShare) return percent(value);
  if (scale == Scale::kFromZero && std::abs(value) >= 100 && std::abs(value) < 1e15)
    return with_commas(std::llround(value));
  return fmt::format("{:.4g}", value);
}

}  // namespace fer
