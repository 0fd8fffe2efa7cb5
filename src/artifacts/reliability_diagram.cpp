#include <algorithm>

#include "artifacts/html.h"
#include "artifacts/score_figures.h"
#include "artifacts/svg.h"

namespace fer {
namespace {

// In units of the picture, which are about a pixel: a square, and a strip of counts below it.
constexpr double kWidth = 460, kHeight = 376;
constexpr double kLeft = 46, kSide = 280, kTop = 8, kBottom = kTop + kSide;
constexpr double kStripTop = kBottom + 8, kStripBottom = kStripTop + 32;

double x_of(double share) {
  return kLeft + kSide * share;
}

double y_of(double share) {
  return kBottom - kSide * share;
}

double accuracy_of(const ConfidenceBin& bin) {
  return static_cast<double>(bin.correct) / static_cast<double>(bin.samples);
}

std::string grid() {
  std::string svg;
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const auto label = fmt::format("{:.0f}%", 100 * share);
    svg += svg_line("grid", x_of(0), y_of(share), x_of(1), y_of(share));
    svg += svg_text("end", kLeft - 6, y_of(share) + 4, label);
    svg += svg_text("middle", x_of(share), kStripBottom + 18, label);
  }
  return svg + svg_text("start", x_of(1) + 10, y_of(1) + 4, "accuracy") +
         svg_text("start", x_of(1) + 10, kStripBottom - 10, "samples") +
         svg_text("start", x_of(1) + 24, kStripBottom + 18, "confidence");
}

}  // namespace

std::string reliability_diagram(const SplitScores& scores) {
  const auto& bins = scores.confidence_bins;
  std::int64_t largest = 0;
  for (const auto& bin : bins) largest = std::max(largest, bin.samples);
  if (largest == 0) return "";
  std::string columns, summary = "Accuracy by confidence.";
  const double width = 1.0 / static_cast<double>(bins.size());
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const auto& bin = bins[i];
    if (bin.samples == 0) continue;
    const auto from = width * static_cast<double>(i), count = static_cast<double>(bin.samples);
    const auto told =
        fmt::format("{:.0f}% to {:.0f}%: {} right of {}, mean confidence {}", 100 * from, 100 * (from + width),
                    percent(accuracy_of(bin)), with_commas(bin.samples), percent(bin.confidence_sum / count));
    append(summary, " {}.", told);
    const auto column = [&](double bottom, double height) {
      append(columns,
             "<rect class=\"column\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{}</title>"
             "</rect>\n",
             x_of(from) + 1, bottom - height, kSide * width - 2, height, told);
    };
    column(kBottom, kSide * accuracy_of(bin));
    column(kStripBottom, std::max(1.0, (kStripBottom - kStripTop) * count / static_cast<double>(largest)));
  }
  auto html = fmt::format(
      "<figure class=\"chart\">\n<figcaption><strong>Reliability</strong> share of right answers by confidence; on the "
      "dashed line the two agree. Expected calibration error {:.3f}</figcaption>\n"
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
      scores.ece, kWidth, kHeight, escaped(summary));
  html += grid() + columns + svg_line("mark", x_of(0), y_of(0), x_of(1), y_of(1)) +
          svg_line("axis", x_of(0), kBottom, x_of(1), kBottom) +
          svg_line("axis", x_of(0), kStripBottom, x_of(1), kStripBottom);
  return html + "</svg>\n</figure>\n";
}

}  // namespace fer
